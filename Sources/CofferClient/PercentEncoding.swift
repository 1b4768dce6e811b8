/// Percent-encoding of RFC 3986.
enum PercentEncoding {
    /// Keeps slashes and what a path segment may hold (`pchar`).
    static func path(_ text: some StringProtocol) -> String { encode(text, keeping: pathBytes) }

    /// Keeps unreserved characters only.
    static func queryPart(_ text: some StringProtocol) -> String { encode(text, keeping: []) }

    private static let pathBytes = Array("/!$&'()*+,;=:@".utf8)

    private static func encode(_ text: some StringProtocol, keeping kept: [UInt8]) -> String {
        var output: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                output.append(byte)
            case _ where kept.contains(byte): output.append(byte)
            default: output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
