import EngineKit

/// Writes times in RFC 3339 with nine digits of a second. It keeps the text of the last second, since there are many lines in
/// each second.
struct TimeText: Sendable {
    private var second = Int.min
    private var text: [UInt8] = []

    /// Appends a time. Times before 1970 or after 9999, which do not occur, would have another width.
    mutating func append(_ time: Timestamp, to output: inout [UInt8]) {
        let second = time.seconds
        if second != self.second {
            self.second = second
            text = Array(Timestamp(seconds: second).description.utf8.dropLast(11))
        }
        output.append(contentsOf: text)
        var fraction = Int(time.nanoseconds - Int64(second) * 1_000_000_000)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 11) { digits in
            digits.initialize(repeating: UInt8(ascii: "Z"))
            digits[0] = UInt8(ascii: ".")
            for index in stride(from: 9, to: 0, by: -1) {
                digits[index] = UInt8(ascii: "0") + UInt8(fraction % 10)
                fraction /= 10
            }
            output.append(contentsOf: UnsafeBufferPointer(digits))
        }
    }
}
