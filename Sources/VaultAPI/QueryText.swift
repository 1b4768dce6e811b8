import HTTPShell

/// The query of a URL: `name=value` pairs, percent-encoded, `+` for a space.
enum QueryText {
    static let itemsMax = 64

    static func items(_ query: String) throws(HTTPRefusal) -> [(name: String, value: String)] {
        guard !query.isEmpty else { return [] }
        var items: [(name: String, value: String)] = []
        for part in query.utf8.split(separator: UInt8(ascii: "&")) {
            guard items.count < itemsMax else { throw HTTPRefusal(400, "the query has too many parameters") }
            let mark = part.firstIndex(of: UInt8(ascii: "="))
            guard let name = decode(part[..<(mark ?? part.endIndex)]),
                let value = decode(mark.map { part[part.index(after: $0)...] } ?? part[part.endIndex...])
            else { throw HTTPRefusal(400, "the query is not valid percent-encoded UTF-8") }
            guard !items.contains(where: { $0.name == name }) else {
                throw HTTPRefusal(400, "the query has the same parameter twice")
            }
            items.append((name, value))
        }
        return items
    }

    private static func decode(_ text: Substring.UTF8View) -> String? {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var bytes = text.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "+"): output.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = bytes.next().flatMap(digit), let low = bytes.next().flatMap(digit) else { return nil }
                output.append(high << 4 | low)
            default: output.append(byte)
            }
        }
        guard !output.contains(0) else { return nil }
        return String(validating: output, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
