/// The query of a URL. Repeated and unknown names are refused, so that a mistyped filter does not list everything.
struct QueryItems {
    private var items: [String: String] = [:]

    init(_ query: String, known: Set<String>) throws(ServiceError) {
        for part in query.utf8.split(separator: UInt8(ascii: "&")).prefix(64) {
            let mark = part.firstIndex(of: UInt8(ascii: "="))
            guard let name = Self.decode(part[..<(mark ?? part.endIndex)]),
                let value = Self.decode(mark.map { part[part.index(after: $0)...] } ?? part[part.endIndex...])
            else { throw ServiceError(422, "the query is not valid percent-encoded UTF-8") }
            guard known.contains(name) else {
                throw ServiceError(422, "the query knows \(known.sorted().joined(separator: ", ")) only")
            }
            guard items.updateValue(value, forKey: name) == nil else { throw .invalid(name, "is there twice") }
        }
    }

    /// Empty counts as not sent.
    subscript(_ name: String) -> String? { items[name].flatMap { $0.isEmpty ? nil : $0 } }

    private static func decode(_ text: Substring.UTF8View) -> String? {
        var output: [UInt8] = []
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
        return output.contains(0) ? nil : String(validating: output, as: UTF8.self)
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
