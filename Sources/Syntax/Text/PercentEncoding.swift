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

    /// Returns the bytes of percent-encoded text, or nil if an escape is incomplete.
    ///
    /// - Parameters:
    ///   - isForm: Whether `+` stands for a space, as in queries and forms.
    ///   - isStrict: Whether a `%` must begin an escape. If not, another one is kept as it is.
    @inlinable
    public static func decode(_ text: some Sequence<UInt8>, isForm: Bool = false, isStrict: Bool = true) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(text.underestimatedCount)
        var bytes = text.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                output.append(isForm && byte == UInt8(ascii: "+") ? 0x20 : byte)
                continue
            }
            var ahead = bytes
            if let high = ahead.next().flatMap(Hex.value), let low = ahead.next().flatMap(Hex.value) {
                output.append(high << 4 | low)
                bytes = ahead
            } else if isStrict {
                return nil
            } else {
                output.append(byte)
            }
        }
        return output
    }

    /// Returns percent-encoded text decoded, or nil if an escape is incomplete or the bytes are not UTF-8.
    ///
    /// - Parameter isForm: Whether `+` stands for a space, as in queries and forms.
    public static func decodedText(_ text: some StringProtocol, isForm: Bool = false) -> String? {
        decode(text.utf8, isForm: isForm).flatMap { String(validating: $0, as: UTF8.self) }
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
