import EngineKit
import Syntax

/// Limits on names, metadata, memberships and policies, and the checks for them.
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
    /// The number of entities in one merge or one deletion.
    static let batchMax = 500
    /// The number of groups that one entity may be in, directly or through others.
    static let groupsOfEntityMax = 5_000

    /// Throws unless the name can be that of an entity or group. It must be usable in a path, so that `entity/name/…` finds it.
    ///
    /// One leading slash is allowed too, since other directories name groups like `/org/team`. Such a group is found by its id,
    /// in lists and with `lookup/`.
    static func checkName(_ name: String) throws(CofferError) {
        guard (1...nameBytesMax).contains(name.utf8.count) else {
            throw .invalid("field 'name' must have 1 to \(nameBytesMax) bytes")
        }
        let path = String(name.removingUTF8Prefix("/") ?? name[...])
        guard let path = try? CanonicalPath(decoded: path), !path.isFolder else {
            throw .invalid("field 'name' must be in Unicode form NFC, without control characters and without empty or dot segments")
        }
    }

    /// Throws unless the name can be that of an alias.
    static func checkAliasName(_ name: String) throws(CofferError) {
        guard (1...aliasNameBytesMax).contains(name.utf8.count), name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalid("field 'name' must have 1 to \(aliasNameBytesMax) bytes, without control characters")
        }
    }

    /// Throws if there is too much metadata.
    ///
    /// - Parameter field: The name of the field, for the message.
    static func checkMetadata(_ metadata: [String: String], field: String) throws(CofferError) {
        let fits = metadata.allSatisfy { pair in
            (1...metadataKeyBytesMax).contains(pair.key.utf8.count) && pair.value.utf8.count <= metadataValueBytesMax
        }
        guard metadata.count <= metadataCountMax, fits else {
            throw .invalid(
                "field '\(field)' may have at most \(metadataCountMax) entries, with keys of 1 to \(metadataKeyBytesMax) bytes and "
                    + "values of at most \(metadataValueBytesMax) bytes")
        }
    }

    /// Returns policy names in lower case, sorted and without duplicates. Throws if one of them is malformed or forbidden, in
    /// whatever case.
    static func policies(_ names: [String], forbidden: Set<String>) throws(CofferError) -> [String] {
        guard names.count <= policiesMax else { throw .invalid("field 'policies' may have at most \(policiesMax) names") }
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
