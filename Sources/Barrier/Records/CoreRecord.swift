import Syntax

/// The JSON of a record below `core/` that can be read while the server is sealed: an object with `"format": 1`.
struct CoreRecord {
    private static let format = 1
    /// The members without `format`, when written; all of them, when read.
    let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

    /// Reads a record. Throws ``SealError/corrupted(_:)`` if it is not an object, and ``SealError/unknownFormat(_:)``
    /// if its format is not 1.
    init(decoding bytes: [UInt8], at key: String) throws(SealError) {
        let parsed: JSON
        do {
            parsed = try JSON(parsing: bytes)
        } catch {
            throw .corrupted(key)
        }
        guard let object = parsed.objectValue else { throw .corrupted(key) }
        guard object["format"]?.intValue == Self.format else { throw .unknownFormat(key) }
        self.object = object
    }

    /// Returns the JSON with its format.
    func encoded() -> [UInt8] {
        var object = object
        object.members.insert(.init(key: "format", value: .int(Self.format)), at: 0)
        return object.encoded()
    }
}
