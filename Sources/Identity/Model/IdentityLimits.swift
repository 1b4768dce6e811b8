import EngineKit
import Syntax

/// How large anything here may be, and what it may be called.
enum IdentityLimits {
    static let nameBytesMax = 512
    static let aliasNameBytesMax = 1_024
    static let metadataCountMax = 64
    static let metadataKeyBytesMax = 128
    static let metadataValueBytesMax = 512
    static let policiesMax = 256
    static let memberEntitiesMax = 5_000
    static let memberGroupsMax = 1_000
    static let aliasesMax = 256
    /// Entities of one merge or one deletion.
    static let batchMax = 500
    /// Groups that one entity may be in, directly or through others.
    static let groupsOfEntityMax = 5_000

    /// A name of an entity or group: one that a path can hold, so that `entity/name/…` finds it. A slash may stand before it,
    /// as other directories name their groups (`/org/team`); such a one is found by its id, in lists and by `lookup/`.
    static func checkName(_ name: String) throws(CofferError) {
        guard (1...nameBytesMax).contains(name.utf8.count) else {
            throw .invalid("field 'name' must have 1 to \(nameBytesMax) bytes")
        }
        let path = String(name.removingUTF8Prefix("/") ?? name[...])
        guard let path = try? CanonicalPath(decoded: path), !path.isFolder else {
            throw .invalid("field 'name' must be in Unicode form C, without control characters and empty or dot segments")
        }
    }

    static func checkAliasName(_ name: String) throws(CofferError) {
        guard (1...aliasNameBytesMax).contains(name.utf8.count), name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalid("field 'name' must have 1 to \(aliasNameBytesMax) bytes, none of them control characters")
        }
    }

    static func checkMetadata(_ metadata: [String: String], field: String) throws(CofferError) {
        let fits = metadata.allSatisfy { pair in
            (1...metadataKeyBytesMax).contains(pair.key.utf8.count) && pair.value.utf8.count <= metadataValueBytesMax
        }
        guard metadata.count <= metadataCountMax, fits else {
            throw .invalid(
                "field '\(field)' may have \(metadataCountMax) entries, with names of \(metadataKeyBytesMax) and values of "
                    + "\(metadataValueBytesMax) bytes")
        }
    }

    /// Lower case, sorted, each once; `root` and the server's own are refused in every spelling.
    static func policies(_ names: [String], forbidden: Set<String>) throws(CofferError) -> [String] {
        guard names.count <= policiesMax else { throw .invalid("there may be \(policiesMax) policies at most") }
        var result: Set<String> = []
        for name in names where !name.isEmpty {
            let policy: String
            do {
                policy = try PolicyName(name).text
            } catch {
                throw .invalid(error.rawValue)
            }
            guard !forbidden.contains(policy) else { throw .invalid("policies cannot contain \"\(policy)\"") }
            result.insert(policy)
        }
        return result.sorted()
    }
}
