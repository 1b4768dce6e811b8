import EngineKit

/// The access control list of a caller: what its policies allow together.
///
/// The most specific rule that matches a path decides, whichever policy it comes from. An exact path comes before all patterns.
/// Among patterns, the one whose first `+` or final `*` comes later is more specific; then one without a final `*`; then the
/// one with fewer `+`; then the longer one; then the one that is greater in byte order. Rules with the same path are merged;
/// if one of them denies, the merged rule denies.
///
/// Coffer is stricter than Vault in two ways:
/// - A `deny` also applies to paths that differ only in case, because an engine may treat names in upper and lower case alike.
///   A more specific rule still overrides it. If `foo` is granted and `FOO` is denied, both are denied.
/// - `LIST a/b` and `LIST a/b/` are the same request, judged by the rules for both paths: it is denied if either rule denies,
///   and allowed if either grants.
///
/// Besides its policies, a caller may have rules that are built into the server. If the policies deny a path, it is denied even
/// if a more specific built-in rule grants it.
package final class ACL: Sendable {
    /// One merged rule.
    struct Entry: Sendable {
        var path: RulePath
        var permissions: Permissions
        /// The names of the policies that grant each capability, by ``Capability/index``.
        var grantingPolicies: [[String]]
        /// How specific the rule is: a greater rank overrides a smaller one. Paths that differ only in case have the same rank.
        var rank = 0
        /// Whether no policy has a rule with this path.
        var isBuiltIn = false
    }

    /// Whether the caller has the root policy, which allows everything.
    package let isRoot: Bool
    /// The merged rules in the order of the policies.
    let entries: [Entry]
    private let rules: RuleSet
    /// The rules of the policies without the built-in ones. Nil if they deny nothing, or if there are no built-in
    /// rules.
    private let policyRules: RuleSet?

    /// The access control list of the root policy, which allows everything.
    package static let root = ACL([.root])

    /// Merges the rules of the policies and of the built-in rules. Templates must have been filled in before: a rule
    /// that still has one is left out.
    package init(_ policies: [NamedPolicy], builtIn: [NamedPolicy] = []) {
        isRoot = policies.contains { $0.document.grantsEverything }
        var entries = isRoot ? [] : Self.merged(policies, builtIn)
        let folded = entries.map { CaseFolding.fold($0.path.text) }
        Self.rank(&entries, folded)
        rules = RuleSet(entries, folded, of: entries.indices)
        let own = builtIn.isEmpty ? nil : RuleSet(entries, folded, of: entries.indices.filter { !entries[$0].isBuiltIn })
        policyRules = own?.isWithoutDenials == false ? own : nil
        self.entries = entries
    }

    /// Returns one entry for each distinct path.
    private static func merged(_ policies: [NamedPolicy], _ builtIn: [NamedPolicy]) -> [Entry] {
        var entries: [Entry] = []
        // Paths are compared by bytes, as requests are. Equal strings may consist of different bytes.
        var indices: [[UInt8]: Int] = [:]
        for (place, policy) in (policies + builtIn).enumerated() {
            for rule in policy.document.rendered(with: { _ in nil }).rules {
                guard let path = rule.path.plain else { continue }
                // The same text with and without partial segments is two different paths. No path contains a zero byte.
                let key = Array(path.description.utf8) + (path.hasPartialSegments ? [0] : [])
                if let index = indices[key] {
                    entries[index].permissions.merge(rule.permissions)
                    entries[index].grant(rule.permissions.capabilities, by: policy.name)
                } else {
                    var entry = Entry(path: path, permissions: rule.permissions, grantingPolicies: Array(repeating: [], count: 8))
                    entry.grant(rule.permissions.capabilities, by: policy.name)
                    entry.isBuiltIn = place >= policies.count
                    indices[key] = entries.count
                    entries.append(entry)
                }
            }
        }
        return entries
    }

    /// Ranks the entries by how specific their paths are. `folded` holds their paths in one case.
    private static func rank(_ entries: inout [Entry], _ folded: [[UInt8]]) {
        let keys = zip(entries, folded).map { SpecificityKey($0.path, $1) }
        let order = entries.indices.sorted { keys[$0] < keys[$1] }
        var rank = 0
        for (place, index) in order.enumerated() {
            if place > 0, keys[order[place - 1]] < keys[index] { rank += 1 }
            entries[index].rank = rank
        }
    }

    // MARK: Finding the rule

    /// Returns the index of the rule that decides about a path, or nil if no rule matches.
    func entry(for path: UnsafeBufferPointer<UInt8>) -> Int? {
        let found = rules.entry(for: path)
        guard let policyRules, let found, entries[found].isBuiltIn, let own = policyRules.entry(for: path),
            entries[own].permissions.capabilities.contains(.deny)
        else { return found }
        return own
    }
}

extension ACL.Entry {
    /// Notes that `policy` grants the capabilities.
    fileprivate mutating func grant(_ capabilities: CapabilitySet, by policy: PolicyName) {
        for capability in Capability.allCases where capabilities.contains(CapabilitySet(capability)) {
            if grantingPolicies[capability.index].last != policy.text { grantingPolicies[capability.index].append(policy.text) }
        }
    }
}

/// How specific the path of a rule is. Greater is more specific.
private struct SpecificityKey: Comparable {
    /// The number of bytes before the first wildcard; the greatest number for an exact path.
    let beforeWildcard: Int
    /// Whether the path has no final `*`.
    let isWhole: Bool
    /// The number of `+`.
    let wildcards: Int
    /// The path in one case.
    let text: [UInt8]

    init(_ path: RulePath, _ folded: [UInt8]) {
        let pieces = PatternTable.pieces(folded, partial: path.hasPartialSegments)
        let isExact = pieces.count == 1 && !path.isGlob
        beforeWildcard = isExact ? .max : pieces[0].count
        isWhole = !path.isGlob
        wildcards = pieces.count - 1
        text = folded
    }

    static func < (a: SpecificityKey, b: SpecificityKey) -> Bool {
        if a.beforeWildcard != b.beforeWildcard { return a.beforeWildcard < b.beforeWildcard }
        if a.isWhole != b.isWhole { return b.isWhole }
        if a.wildcards != b.wildcards { return a.wildcards > b.wildcards }
        if a.text.count != b.text.count { return a.text.count < b.text.count }
        return a.text.lexicographicallyPrecedes(b.text)
    }
}
