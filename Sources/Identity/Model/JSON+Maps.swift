import Syntax

extension JSON {
    /// Returns an object of strings, in the order of their keys.
    static func map(_ values: [String: String]) -> JSON {
        .object(JSONObject(values.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) }))
    }

    /// Returns an object of strings, or `null` if there are none, which is how the Vault API shows empty metadata.
    static func mapOrNull(_ values: [String: String]) -> JSON { values.isEmpty ? .null : .map(values) }
}
