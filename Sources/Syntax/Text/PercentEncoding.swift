/// Percent-encoding of RFC 3986, of UTF-8 bytes.
public enum PercentEncoding {
    /// Keeps unreserved characters only: for a part of a query, a form or a cookie, with nothing left to interpretation.
    public static func component(_ text: some StringProtocol) -> String { encode(text, keeping: []) }

    /// Keeps slashes and what a path segment may hold (`pchar`).
    public static func path(_ text: some StringProtocol) -> String { encode(text, keeping: pathBytes) }

    /// Keeps what a path segment may hold (`pchar`).
    public static func segment(_ text: some StringProtocol) -> String { encode(text, keeping: pathBytes.dropFirst()) }

    /// `name=value&…`: a query, or a body of `application/x-www-form-urlencoded`.
    public static func form(_ items: [(String, String)]) -> String {
        items.map { component($0.0) + "=" + component($0.1) }.joined(separator: "&")
    }

    private static let pathBytes = Array("/!$&'()*+,;=:@".utf8)[...]
    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func encode(_ text: some StringProtocol, keeping kept: ArraySlice<UInt8>) -> String {
        var output: [UInt8] = []
        for byte in text.utf8 {
            if isUnreserved(byte) || kept.contains(byte) {
                output.append(byte)
            } else {
                output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || "-._~".utf8.contains(byte)
    }
}
