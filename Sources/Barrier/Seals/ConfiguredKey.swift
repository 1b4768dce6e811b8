import SecretMemory

/// 32 bytes from a variable, a file or a configuration file, and the refusals that stand before them.
enum ConfiguredKey {
    static let bytesMax = 4_096

    /// 32 raw bytes, hex or base64 (also after `base64:` or `hex:`), with or without a final line break.
    static func decode(_ raw: [UInt8]) throws(KeyRefusal) -> SecretBytes {
        var bytes = try decodeUnscreened(raw)
        defer { zero(&bytes) }
        try KeyScreening.check(bytes)
        return SecretBytes(bytes)
    }

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

    private static func exact(_ bytes: [UInt8]) throws(KeyRefusal) -> [UInt8] {
        if bytes.count < 32 { throw .short }
        if bytes.count > 32 { throw .long }
        return bytes
    }

    static func base64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        String(validating: text, as: UTF8.self).flatMap { KeyText.base64($0) }
    }

    private static func removing(_ prefix: String, from text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        text.starts(with: prefix.utf8) ? text.dropFirst(prefix.utf8.count) : nil
    }

    /// Without the white space that editors and `echo` leave at the end.
    static func trimmed(_ raw: [UInt8]) -> ArraySlice<UInt8> {
        var line = raw[...]
        while let last = line.last, last == 0x0A || last == 0x0D || last == 0x20 || last == 0x09 { line.removeLast() }
        return line
    }
}
