import Syntax

/// The little of DER (X.690) that public keys, certificates and requests need.
enum DER {
    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31
    static let integer: UInt8 = 0x02
    static let bitString: UInt8 = 0x03
    static let octetString: UInt8 = 0x04
    static let null: UInt8 = 0x05
    static let objectIdentifier: UInt8 = 0x06

    static func make(_ tag: UInt8, _ content: [UInt8]...) -> [UInt8] {
        let content = content.flatMap { $0 }
        var length: [UInt8] = []
        if content.count < 0x80 {
            length = [UInt8(content.count)]
        } else {
            var rest = content.count
            while rest > 0 {
                length.insert(UInt8(rest & 0xFF), at: 0)
                rest >>= 8
            }
            length.insert(0x80 | UInt8(length.count), at: 0)
        }
        return [tag] + length + content
    }

    /// No bits are left over.
    static func bits(_ content: [UInt8]) -> [UInt8] { make(bitString, [0], content) }

    struct Element {
        let tag: UInt8
        /// With tag and length.
        let whole: ArraySlice<UInt8>
        let content: ArraySlice<UInt8>

        /// nil when the content is not a row of elements.
        var children: [Element]? {
            var rest = content
            var children: [Element] = []
            while !rest.isEmpty {
                guard children.count < 1_000, let child = DER.first(&rest) else { return nil }
                children.append(child)
            }
            return children
        }
    }

    /// Exactly one element; nil for anything else.
    static func read(_ bytes: [UInt8]) -> Element? {
        var rest = bytes[...]
        guard let element = first(&rest), rest.isEmpty else { return nil }
        return element
    }

    private static func first(_ rest: inout ArraySlice<UInt8>) -> Element? {
        let whole = rest
        guard let tag = rest.popFirst(), tag & 0x1F != 0x1F, let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7F)
            guard (1...4).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            guard length >= 0x80, rest.first != 0 else { return nil }
            rest = rest.dropFirst(count)
        }
        guard length <= rest.count else { return nil }
        let content = rest.prefix(length)
        rest = rest.dropFirst(length)
        return Element(tag: tag, whole: whole[..<content.endIndex], content: content)
    }
}

/// PEM (RFC 7468).
enum PEM {
    static func text(_ label: String, _ der: [UInt8]) -> String {
        let digits = Array(Base64.encode(der).utf8)
        var text = "-----BEGIN \(label)-----\n"
        for start in stride(from: 0, to: digits.count, by: 64) {
            text += String(decoding: digits[start..<min(start + 64, digits.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label)-----\n"
    }

    /// The blocks with this label, in order; nil when there is none or one is malformed.
    static func blocks(_ label: String, in text: String) -> [[UInt8]]? {
        var blocks: [[UInt8]] = []
        var inside: String?
        for line in text.splitUTF8(where: { $0 == 0x0A || $0 == 0x0D }) {
            switch line {
            case "-----BEGIN \(label)-----":
                guard inside == nil else { return nil }
                inside = ""
            case "-----END \(label)-----":
                guard let digits = inside, let der = Base64.decode(digits) else { return nil }
                blocks.append(der)
                inside = nil
            default: if inside != nil { inside? += line }
            }
        }
        return blocks.isEmpty || inside != nil ? nil : blocks
    }
}
