import Syntax

/// The parser of a URL's query for all dialects: percent-encoded `name=value` pairs, in which `+` stands for a space.
package enum QueryItems {
    /// The largest number of parameters.
    package static let countMax = 64

    /// The reasons why a query is refused. The messages are fixed and never contain anything that the client sent.
    package enum Refusal: String, Error, Sendable {
        /// There are more than ``QueryItems/countMax`` parameters.
        case tooMany = "the query has more than 64 parameters"
        /// An escape is incomplete, or the decoded text is not UTF-8 or contains a NUL.
        case malformed = "the query is not valid percent-encoded UTF-8"
        /// Two parameters have the same name.
        case repeated = "the query has the same parameter twice"
    }

    /// Returns the parameters in order. A name without `=` has an empty value.
    ///
    /// Does not allocate if the query is empty.
    package static func parse(_ query: String) throws(Refusal) -> [(name: String, value: String)] {
        guard !query.isEmpty else { return [] }
        var items: [(name: String, value: String)] = []
        for part in query.utf8.split(separator: UInt8(ascii: "&")) {
            guard items.count < countMax else { throw .tooMany }
            let mark = part.firstIndex(of: UInt8(ascii: "="))
            guard let name = decode(part[..<(mark ?? part.endIndex)]),
                let value = decode(mark.map { part[part.index(after: $0)...] } ?? part[part.endIndex...])
            else { throw .malformed }
            guard !items.contains(where: { $0.name == name }) else { throw .repeated }
            items.append((name, value))
        }
        return items
    }

    private static func decode(_ text: Substring.UTF8View) -> String? {
        guard let bytes = PercentEncoding.decode(text, isForm: true), !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
