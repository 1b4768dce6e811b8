import Syntax

/// The JSON of a record below `core/` that is readable while sealed: an object with `"format": 1`.
struct CoreRecord {
    private static let format = 1
    let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

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

    func encoded() -> [UInt8] {
        var object = object
        object.members.insert(.init(key: "format", value: .int(Self.format)), at: 0)
        return object.encoded()
    }
}
