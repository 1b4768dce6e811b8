import Syntax

/// JSON Merge Patch (RFC 7386).
enum MergePatch {
    /// Returns `target` with a patch applied.
    static func apply(_ patch: JSON, to target: JSON) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        return .object(apply(changes, to: target.objectValue ?? JSONObject()))
    }

    /// Returns `target` with a patch applied, where `null` removes a member. The others keep their order, and new ones follow.
    static func apply(_ changes: JSONObject, to target: JSONObject) -> JSONObject {
        var members: [JSONObject.Member?] = target.members
        var places = Dictionary(target.members.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
        for change in changes {
            if let place = places[change.key] {
                // Keys are distinct, so no earlier change removed this member.
                members[place] =
                    change.value.isNull
                    ? nil : .init(key: change.key, value: apply(change.value, to: members[place]?.value ?? .null))
            } else if !change.value.isNull {
                places[change.key] = members.count
                members.append(.init(key: change.key, value: apply(change.value, to: .null)))
            }
        }
        return JSONObject(members.compactMap { $0 })
    }
}
