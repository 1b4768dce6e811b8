import Syntax

/// The fields of a form (`application/x-www-form-urlencoded`), as a browser or an OAuth client sends them.
package struct FormBody: Sendable {
    private var fields: [String: String] = [:]

    /// The most bytes that a form may have.
    package static let bytesMax = 64 << 10
    private static let fieldsMax = 64

    /// Reads a form. Returns nil if it is malformed, has too many fields, or has one twice, of which programs may read either.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.bytesMax, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let parts = text.splitUTF8(at: "&")
        guard parts.count <= Self.fieldsMax else { return nil }
        for part in parts {
            let (before, after) = part.cutUTF8(at: "=") ?? (part[...], part[part.endIndex...])
            guard let name = PercentEncoding.decodedText(before, isForm: true),
                let value = PercentEncoding.decodedText(after, isForm: true), fields[name] == nil
            else { return nil }
            fields[name] = value
        }
    }

    /// Reads a JSON object of texts, as programs that take a form for their user pass it on. Returns nil for anything else.
    package init?(json bytes: [UInt8]) {
        guard bytes.count <= Self.bytesMax,
            let object = (try? JSON(parsing: bytes, limits: JSONLimits(depthMax: 2, nodesMax: 2 * Self.fieldsMax + 1)))?.objectValue
        else { return nil }
        for member in object {
            guard let text = member.value.stringValue else { return nil }
            fields[member.key] = text
        }
    }

    /// Returns the value of a field; empty if there is none.
    package subscript(_ name: String) -> String { fields[name] ?? "" }
}
