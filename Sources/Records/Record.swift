package import Syntax

/// A value that is stored as the JSON text of an object, under a name that is not part of it.
package protocol Record: Sendable {
    /// The object to store.
    var stored: JSONObject { get }

    /// Returns nil for an object that ``stored`` never returns.
    init?(stored: JSONObject)
}

extension Record {
    /// Returns the bytes to store: the JSON text of ``stored``.
    package func encoded() -> [UInt8] { JSON.object(stored).encoded() }

    /// Returns nil for bytes that ``encoded()`` never returns.
    package init?(decoding bytes: [UInt8]) {
        guard let object = (try? JSON(parsing: bytes))?.objectValue else { return nil }
        self.init(stored: object)
    }

    /// Returns nil for a value that is not such an object.
    package init?(stored json: JSON) {
        guard let object = json.objectValue else { return nil }
        self.init(stored: object)
    }
}
