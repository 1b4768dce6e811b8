import Syntax

extension JSON {
    /// An object of strings in the order of its keys.
    static func map(_ values: [String: String]) -> JSON {
        .object(JSONObject(values.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) }))
    }

    /// The same; `null` for an empty one, as the Vault API shows it.
    static func mapOrNull(_ values: [String: String]) -> JSON { values.isEmpty ? .null : .map(values) }

    /// The members of an object of strings; nil when it is something else.
    var texts: [String: String]? {
        guard let object = objectValue else { return nil }
        var texts: [String: String] = [:]
        for member in object {
            guard let text = member.value.stringValue else { return nil }
            texts[member.key] = text
        }
        return texts
    }

    /// The strings of an array; nil when it is something else.
    var textList: [String]? {
        guard let values = arrayValue else { return nil }
        let texts = values.compactMap(\.stringValue)
        return texts.count == values.count ? texts : nil
    }
}
