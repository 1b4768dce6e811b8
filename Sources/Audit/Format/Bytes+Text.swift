extension [UInt8] {
    /// Makes room for `count` more bytes with at most one reallocation, which grows the buffer by at least half.
    mutating func reserveRoom(_ count: Int) {
        if capacity - self.count < count { reserveCapacity(Swift.max(self.count + count, capacity + capacity / 2)) }
    }

    /// Appends a copy of a part of the array.
    mutating func `repeat`(_ range: Range<Int>) {
        let start = count
        // The array grows first, so that it does not move while it is copied.
        append(contentsOf: repeatElement(0, count: range.count))
        withUnsafeMutableBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }

    /// Appends a number in decimal digits.
    mutating func append(decimal value: UInt64) {
        var value = value
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = 20
            repeat {
                start -= 1
                digits.initializeElement(at: start, to: UInt8(ascii: "0") + UInt8(value % 10))
                value /= 10
            } while value > 0
            append(contentsOf: digits[start...])
        }
    }

    /// Appends a number in decimal digits, with a sign if it is negative.
    mutating func append(decimal value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude as UInt)
    }

    private mutating func append(decimal value: UInt) { append(decimal: UInt64(value)) }
}
