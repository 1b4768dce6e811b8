import Syntax

extension JSON {
    /// Returns an object of strings, in the order of their keys.
    static func map(_ values: [String: String]) -> JSON {
        .object(JSONObject(values.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) }))
    }

    /// Returns an object of strings, or `null` if there are none, which is how the Vault API shows empty metadata.
    static func mapOrNull(_ values: [String: String]) -> JSON { values.isEmpty ? .null : .map(values) }

    /// The members of an object of strings; nil for any other value.
    var texts: [String: String]? {
        guard let object = objectValue else { return nil }
        var texts: [String: String] = [:]
        for member in object {
            guard let text = member.value.stringValue else { return nil }
            texts[member.key] = text
        }
        return texts
    }

    /// The elements of an array of strings; nil for any other value.
    var textList: [String]? {
        guard let values = arrayValue else { return nil }
        let texts = values.compactMap(\.stringValue)
        return texts.count == values.count ? texts : nil
    }
}
