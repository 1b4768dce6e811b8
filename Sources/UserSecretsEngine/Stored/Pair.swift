import EngineKit
import Records
import Syntax

/// The secrets that an owner has of one provider and type: the one without a label, those with labels, and which is the default.
///
/// It makes them unique, since every change of a secret is committed together with it; and it has each secret's revision, so that
/// one record of the two cannot be put back alone. It remains when the last secret is gone: it tells an owner who never had a
/// secret of the kind from one who deleted it.
struct Pair: Record, Hashable {
    struct Entry: Sendable, Hashable {
        var id: SecretID
        var label: String?
        /// See ``UserSecret/revision``.
        var revision: Int
    }

    let provider: String
    let type: String
    var entries: [Entry] = []
    /// The secret that is used where the provider and the type alone are named.
    var defaultID: SecretID?

    /// The largest number of secrets of one provider and type.
    static let entriesMax = 100

    init(provider: String, type: String) {
        self.provider = provider
        self.type = type
    }

    /// The entry of a secret, or nil if it is not one of them.
    subscript(_ id: SecretID) -> Entry? { entries.first { $0.id == id } }

    /// Returns the entry with a label, or the one without for nil; nil if there is none.
    func entry(labeled label: String?) -> Entry? {
        entries.first { entry in
            if let label { entry.label?.equalsUTF8(label) ?? false } else { entry.label == nil }
        }
    }

    /// Adds a secret. The first of its kind becomes the default.
    mutating func add(_ secret: UserSecret) {
        if entries.isEmpty { defaultID = secret.id }
        entries.append(Entry(id: secret.id, label: secret.label, revision: secret.revision))
    }

    /// Notes the revision of a changed secret.
    mutating func note(_ secret: UserSecret) {
        guard let index = entries.firstIndex(where: { $0.id == secret.id }) else { return }
        entries[index].revision = secret.revision
    }

    /// Removes a secret. No other becomes the default in its place.
    mutating func remove(_ id: SecretID) {
        entries.removeAll { $0.id == id }
        if defaultID == id { defaultID = nil }
    }

    var stored: JSONObject {
        var object: JSONObject = [
            "provider": .string(provider), "type": .string(type),
            "secrets": .array(
                entries.map { entry in
                    var row: JSONObject = ["id": .string(entry.id.text), "revision": .int(entry.revision)]
                    if let label = entry.label { row["label"] = .string(label) }
                    return .object(row)
                }),
        ]
        if let defaultID { object["default"] = .string(defaultID.text) }
        return object
    }

    init?(stored object: JSONObject) {
        guard let provider = object["provider"]?.stringValue, let type = object["type"]?.stringValue,
            let rows = object["secrets"]?.arrayValue
        else { return nil }
        self.init(provider: provider, type: type)
        for row in rows {
            guard let id = row["id"]?.stringValue.flatMap(SecretID.init), let revision = row["revision"]?.countValue else {
                return nil
            }
            entries.append(Entry(id: id, label: row["label"]?.stringValue, revision: revision))
        }
        defaultID = object["default"]?.stringValue.flatMap(SecretID.init)
    }
}
