import Syntax

/// The values of `{{identity.…}}` in templated policies.
extension ResolvedEntity {
    /// Returns the value of an expression such as `identity.entity.name`, or nil if it has none or concerns a group that the
    /// entity is not in.
    package func value(of expression: String) -> String? {
        let words = expression.splitUTF8(at: ".", omittingEmpty: false)
        guard words.count >= 3, words[0] == "identity" else { return nil }
        switch (words[1], words[2]) {
        case ("entity", "id"): return words.count == 3 ? id : nil
        case ("entity", "name"): return words.count == 3 ? name : nil
        case ("entity", "metadata"): return value(entity.metadata, words[3...])
        case ("entity", "aliases"): return words.count >= 5 ? aliasValue(words) : nil
        case ("groups", "ids"): return groupValue(words[3...]) { $0.id }
        case ("groups", "names"): return groupValue(words[3...]) { $0.name }
        default: return nil
        }
    }

    /// Returns the value of `identity.entity.aliases.<accessor>.…`.
    private func aliasValue(_ words: [Substring]) -> String? {
        guard let alias = entity.alias(mount: String(words[3])) else { return nil }
        switch words[4] {
        case "id": return words.count == 5 ? alias.id : nil
        case "name": return words.count == 5 ? alias.name : nil
        case "metadata": return value(alias.metadata, words[5...])
        case "custom_metadata": return value(alias.customMetadata, words[5...])
        default: return nil
        }
    }

    /// Returns the value of `identity.groups.ids.<id>.…` or `identity.groups.names.<name>.…`. A group's name may contain dots,
    /// so each dot is tried as its end, the last one first.
    private func groupValue(_ words: ArraySlice<Substring>, _ key: (Group) -> String) -> String? {
        for place in words.indices.dropFirst().reversed() {
            let wanted = words[..<place].joined(separator: ".")
            guard let group = groups.first(where: { key($0) == wanted }) else { continue }
            let fact = words[place...]
            switch fact.first {
            case "id" where fact.count == 1: return group.id
            case "name" where fact.count == 1: return group.name
            case "metadata": return value(group.metadata, fact.dropFirst())
            default: continue
            }
        }
        return nil
    }

    /// Returns the metadata value of a key, which may contain dots.
    private func value(_ metadata: [String: String], _ key: ArraySlice<Substring>) -> String? {
        key.isEmpty ? nil : metadata[key.joined(separator: ".")]
    }
}
