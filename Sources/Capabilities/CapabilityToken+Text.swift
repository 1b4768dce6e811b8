import Syntax

extension CapabilityToken {
    package static func isOne(_ text: String) -> Bool { text.utf8.starts(with: prefix.utf8) }

    /// As it travels in a header.
    package var text: String {
        var bytes: [UInt8] = [Self.formatVersion] + handle + [UInt8(caveats.count)]
        for caveat in caveats {
            let text = Array(caveat.text.utf8)
            bytes += [UInt8(text.count >> 8), UInt8(text.count & 0xFF)] + text
        }
        return Self.prefix + Base64URL.encode(bytes + signatureBytes)
    }

    package init(_ text: String) throws(CapabilityRefusal) {
        guard Self.isOne(text), text.utf8.count <= Self.lengthMax,
            let bytes = Base64URL.decode(text.dropFirstUTF8(Self.prefix.utf8.count)), bytes.count >= 66,
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

/// RFC 4648, section 5, without padding. One text for each value: bits that mean nothing must be zero.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
        return values
    }()

    static func encode(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        var (bits, count): (UInt32, Int) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                output.append(alphabet[Int(bits >> UInt32(count)) & 63])
            }
        }
        if count > 0 { output.append(alphabet[Int(bits << UInt32(6 - count)) & 63]) }
        return String(decoding: output, as: UTF8.self)
    }

    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var output: [UInt8] = []
        var (bits, count): (UInt32, Int) = (0, 0)
        for byte in text.utf8 {
            let value = values[Int(byte)]
            guard value != 0xFF else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                output.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        guard count < 6, bits & ((1 << UInt32(count)) - 1) == 0 else { return nil }
        return output
    }
}
