import Syntax

extension CapabilityToken {
    /// Whether a token's text begins as that of a capability token. The rest is not checked.
    package static func isOne(_ text: String) -> Bool { text.utf8.starts(with: prefix.utf8) }

    /// The token as it is sent in a header.
    package var text: String {
        var bytes: [UInt8] = [Self.formatVersion] + handle + [UInt8(caveats.count)]
        for caveat in caveats {
            let text = Array(caveat.text.utf8)
            bytes += [UInt8(text.count >> 8), UInt8(text.count & 0xFF)] + text
        }
        return Self.prefix + Base64.encode(bytes + signatureBytes, as: .url)
    }

    /// Reads a token. Throws ``CapabilityRefusal/malformed`` if it is not one. The signature is not verified.
    package init(_ text: String) throws(CapabilityRefusal) {
        guard Self.isOne(text), text.utf8.count <= Self.lengthMax,
            let bytes = Base64.decode(text.dropFirstUTF8(Self.prefix.utf8.count), as: .url, allowing: []), bytes.count >= 66,
            bytes[0] == Self.formatVersion
        else { throw .malformed }
        let handle = Array(bytes[1..<33])
        var caveats: [Caveat] = []
        var rest = bytes[34...]
        guard bytes[33] <= Caveat.countMax else { throw .malformed }
        for _ in 0..<bytes[33] {
            guard let high = rest.popFirst(), let low = rest.popFirst() else { throw .malformed }
            let count = Int(high) << 8 | Int(low)
            guard count <= Caveat.bytesMax, rest.count >= count, let text = String(validating: rest.prefix(count), as: UTF8.self),
                let caveat = Caveat(text: text), Array(caveat.text.utf8) == Array(text.utf8)
            else { throw .malformed }
            caveats.append(caveat)
            rest = rest.dropFirst(count)
        }
        guard rest.count == 32 else { throw .malformed }
        self.init(handle: handle, caveats: caveats, signature: Array(rest))
    }
}
