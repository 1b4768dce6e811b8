import SecretMemory

/// A 256-bit key as an operator gives it: in an environment variable, a file or the configuration file.
enum ConfiguredKey {
    /// The largest accepted text.
    static let bytesMax = 4_096

    /// Decodes a key: 32 raw bytes, or their hex or base64 text, also after `hex:` or `base64:`, with or without a
    /// final line break. Throws if it is malformed, or if ``KeyScreening`` finds it weak.
    static func decode(_ raw: [UInt8]) throws(KeyRefusal) -> SecretBytes {
        var bytes = try decodeUnscreened(raw)
        defer { zero(&bytes) }
        try KeyScreening.check(bytes)
        return SecretBytes(bytes)
    }

    /// Decodes a key without judging its strength.
    private static func decodeUnscreened(_ raw: [UInt8]) throws(KeyRefusal) -> [UInt8] {
        guard !raw.isEmpty else { throw .missing }
        guard raw.count <= bytesMax else { throw .long }
        let line = trimmed(raw)
        if let rest = removing("base64:", from: line) {
            guard let decoded = base64(rest) else { throw .malformed }
            return try exact(decoded)
        }
        if let rest = removing("hex:", from: line) {
            guard let decoded = KeyText.hex(rest) else { throw .malformed }
            return try exact(decoded)
        }
        if let decoded = KeyText.hex(line) { return try exact(decoded) }
        if raw.count == 32 { return raw }
        if line.count == 32 { return Array(line) }
        guard let decoded = base64(line) else { throw line.count < 32 ? .short : .malformed }
        return try exact(decoded)
    }

    /// Throws unless there are exactly 32 bytes.
    private static func exact(_ bytes: [UInt8]) throws(KeyRefusal) -> [UInt8] {
        if bytes.count < 32 { throw .short }
        if bytes.count > 32 { throw .long }
        return bytes
    }

    /// Decodes base64 text, or returns nil if it is malformed.
    static func base64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        String(validating: text, as: UTF8.self).flatMap { KeyText.base64($0) }
    }

    /// Returns `text` after `prefix`, or nil if it does not begin with it.
    private static func removing(_ prefix: String, from text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        text.starts(with: prefix.utf8) ? text.dropFirst(prefix.utf8.count) : nil
    }

    /// Returns `raw` without the white space that editors and `echo` leave at its end.
    static func trimmed(_ raw: [UInt8]) -> ArraySlice<UInt8> {
        var line = raw[...]
        while let last = line.last, last == 0x0A || last == 0x0D || last == 0x20 || last == 0x09 { line.removeLast() }
        return line
    }
}
