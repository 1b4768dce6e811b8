import EngineKit
import Syntax

/// The answers, in the form of the Vault API.
extension IdentityEngine {
    /// An entity with its groups.
    func shown(_ entity: Entity, _ resolved: ResolvedEntity?) -> JSONObject {
        let direct = resolved?.directGroupIDs.sorted() ?? []
        let all = resolved?.groups.map(\.id).sorted() ?? []
        return [
            "aliases": .array(entity.aliases.map { .object(shown($0)) }),
            "creation_time": .string(entity.createdAt.description), "direct_group_ids": .strings(direct),
            "disabled": .bool(entity.isDisabled), "group_ids": .strings(all), "id": .string(entity.id),
            "inherited_group_ids": .strings(all.filter { !direct.contains($0) }),
            "last_update_time": .string(entity.updatedAt.description),
            "merged_entity_ids": entity.mergedIDs.isEmpty ? .null : .strings(entity.mergedIDs),
            "metadata": .mapOrNull(entity.metadata), "mfa_secrets": .object([:]), "name": .string(entity.name),
            "namespace_id": "root", "policies": .strings(entity.policies),
        ]
    }

    /// An alias of an entity or group.
    func shown(_ alias: Alias) -> JSONObject {
        let mount = mount(alias.mountAccessor)
        return [
            "canonical_id": .string(alias.canonicalID), "creation_time": .string(alias.createdAt.description),
            "custom_metadata": .mapOrNull(alias.customMetadata), "id": .string(alias.id),
            "last_update_time": .string(alias.updatedAt.description), "local": false,
            "merged_from_canonical_ids": alias.mergedFrom.isEmpty ? .null : .strings(alias.mergedFrom),
            "metadata": .mapOrNull(alias.metadata), "mount_accessor": .string(alias.mountAccessor),
            "mount_path": .string(mount?.path ?? ""), "mount_type": .string(mount?.type ?? ""), "name": .string(alias.name),
            "namespace_id": "root",
        ]
    }

    /// A group with the ids of the groups that it is a member of.
    func shown(_ group: Group, parents: [String]) -> JSONObject {
        [
            "alias": .object(group.alias.map { shown($0) } ?? [:]), "creation_time": .string(group.createdAt.description),
            "id": .string(group.id), "last_update_time": .string(group.updatedAt.description),
            "member_entity_ids": group.isExternal ? .null : .strings(group.memberEntityIDs),
            "member_group_ids": .strings(group.memberGroupIDs),
            "metadata": .mapOrNull(group.metadata), "modify_index": .int(group.modifyIndex), "name": .string(group.name),
            "namespace_id": "root", "parent_group_ids": parents.isEmpty ? .null : .strings(parents),
            "policies": .strings(group.policies), "type": .string(group.type),
        ]
    }

    /// An alias in a list.
    func summary(_ alias: Alias) -> JSONObject {
        var object: JSONObject = [
            "canonical_id": .string(alias.canonicalID), "mount_accessor": .string(alias.mountAccessor),
            "name": .string(alias.name),
        ]
        if let mount = mount(alias.mountAccessor) {
            object["mount_path"] = .string(mount.path)
            object["mount_type"] = .string(mount.type)
        }
        return object
    }
}
