/// Percent-encoding of UTF-8 bytes (RFC 3986, section 2.1).
public enum PercentEncoding {
    /// Returns text for a part of a query, a form or a cookie: all bytes except unreserved characters are encoded.
    public static func component(_ text: some StringProtocol) -> String { encode(text, keeping: []) }

    /// Returns text for a path: all bytes except slashes and the characters of a path segment (`pchar`) are encoded.
    public static func path(_ text: some StringProtocol) -> String { encode(text, keeping: pathBytes) }

    /// Returns text for one segment of a path: all bytes except the characters of a path segment (`pchar`) are encoded.
    public static func segment(_ text: some StringProtocol) -> String { encode(text, keeping: pathBytes.dropFirst()) }

    /// Returns `name=value&…` for a query or a body of the type `application/x-www-form-urlencoded`.
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
