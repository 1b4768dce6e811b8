extension [UInt8] {
    /// Grows at most once for the next `count` bytes, and by halves, as appending would.
    mutating func reserveRoom(_ count: Int) {
        if capacity - self.count < count { reserveCapacity(Swift.max(self.count + count, capacity + capacity / 2)) }
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a part of itself.
    mutating func `repeat`(_ range: Range<Int>) {
        let start = count
        // Room first, so that nothing moves while it is copied.
        append(contentsOf: repeatElement(0, count: range.count))
        withUnsafeMutableBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }

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

    mutating func append(decimal value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude as UInt)
    }

    private mutating func append(decimal value: UInt) { append(decimal: UInt64(value)) }
}
