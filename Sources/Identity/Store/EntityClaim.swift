package import Syntax

/// An expression in the template of an identity token, such as `identity.entity.metadata.team`.
package enum EntityClaim: Sendable, Hashable {
    /// A fact of an alias.
    package enum AliasFact: Sendable, Hashable {
        case id
        case name
        case metadata
        case metadataValue(String)
        case customMetadata
        case customMetadataValue(String)
    }

    case id
    case name
    /// The ids of all groups that the entity is in, directly or through others.
    case groupIDs
    case groupNames
    case metadata
    case metadataValue(String)
    case alias(mountAccessor: String, AliasFact)

    /// Reads an expression. Returns nil if there is no such expression.
    package init?(_ expression: String) {
        let words = expression.splitUTF8(at: ".", omittingEmpty: false)
        guard words.count >= 3, words[0] == "identity", words[1] == "entity" else { return nil }
        switch (words[2], words.count) {
        case ("id", 3): self = .id
        case ("name", 3): self = .name
        case ("metadata", 3): self = .metadata
        case ("metadata", _): self = .metadataValue(words[3...].joined(separator: "."))
        case ("groups", 4) where words[3] == "ids": self = .groupIDs
        case ("groups", 4) where words[3] == "names": self = .groupNames
        case ("aliases", 5...):
            guard !words[3].isEmpty, let fact = AliasFact(words[4...]) else { return nil }
            self = .alias(mountAccessor: String(words[3]), fact)
        default: return nil
        }
    }
}

extension EntityClaim.AliasFact {
    fileprivate init?(_ words: ArraySlice<Substring>) {
        // The keys of metadata may contain dots.
        let key = words.dropFirst().joined(separator: ".")
        switch words.first {
        case "id" where words.count == 1: self = .id
        case "name" where words.count == 1: self = .name
        case "metadata": self = words.count == 1 ? .metadata : .metadataValue(key)
        case "custom_metadata": self = words.count == 1 ? .customMetadata : .customMetadataValue(key)
        default: return nil
        }
    }
}

extension ResolvedEntity {
    /// The ids of all groups that the entity is in, directly or through others, in byte order.
    package var groupIDs: [String] { groups.map(\.id).sorted() }

    /// Returns the value of an expression. What the entity does not have is an empty text or an empty object.
    package func value(of claim: EntityClaim) -> JSON {
        switch claim {
        case .id: return .string(id)
        case .name: return .string(name)
        case .groupIDs: return .strings(groupIDs)
        case .groupNames: return .strings(groups.map(\.name).sorted())
        case .metadata: return .map(entity.metadata)
        case .metadataValue(let key): return .string(entity.metadata[key] ?? "")
        case .alias(let accessor, let fact):
            let alias = entity.alias(mount: accessor)
            switch fact {
            case .id: return .string(alias?.id ?? "")
            case .name: return .string(alias?.name ?? "")
            case .metadata: return .map(alias?.metadata ?? [:])
            case .metadataValue(let key): return .string(alias?.metadata[key] ?? "")
            case .customMetadata: return .map(alias?.customMetadata ?? [:])
            case .customMetadataValue(let key): return .string(alias?.customMetadata[key] ?? "")
            }
        }
    }
}
