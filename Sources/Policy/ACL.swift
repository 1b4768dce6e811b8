import EngineKit

/// What a caller's policies allow together.
///
/// The rule for a path is the most specific one that matches, whichever policy it comes from: an exact path before all
/// others; then the one whose first `+` or final `*` comes later; then one without `*` at the end; then the one with fewer
/// `+`; then the longer; then the greater in byte order. Rules with the same path are merged, and `deny` wins among them.
///
/// Two things are stricter than in Vault:
/// - A `deny` also covers the case variants of its path, since a name that an engine reads in lower case can be asked for in
///   upper case. It holds against rules up to its own rank: a more specific rule still wins, as ever, and between `foo`
///   granted and `FOO` denied at the same rank the denial wins for both.
/// - `LIST a/b` and `LIST a/b/` are one question, asked of both spellings: denied if the rule for either denies, granted if
///   the rule for either grants.
///
/// A caller may have rules that are built into the server beside its policies. Nobody chose how specific their paths are, so
/// what the policies deny is denied, however specific the built-in rule that grants it.
package final class ACL: Sendable {
    struct Entry: Sendable {
        var path: RulePath
        var permissions: Permissions
        /// For each ``Capability/index`` the policies that grant it.
        var grantingPolicies: [[String]]
        /// Higher wins; the same for paths that differ only in case.
        var rank = 0
        /// No policy has a rule with this path.
        var isBuiltIn = false
    }

    package let isRoot: Bool
    let entries: [Entry]
    private let rules: RuleSet
    /// The rules of the policies alone; nil where they deny nothing that a built-in rule could grant.
    private let ofPolicies: RuleSet?

    /// May do everything.
    package static let root = ACL([.root])

    /// Templates should have been filled in; rules that still have one grant nothing.
    package init(_ policies: [NamedPolicy], builtIn: [NamedPolicy] = []) {
        isRoot = policies.contains { $0.document.grantsEverything }
        var entries = isRoot ? [] : Self.merged(policies, builtIn)
        let folded = entries.map { CaseFolding.fold($0.path.text) }
        Self.rank(&entries, folded)
        rules = RuleSet(entries, folded, of: entries.indices)
        let own = builtIn.isEmpty ? nil : RuleSet(entries, folded, of: entries.indices.filter { !entries[$0].isBuiltIn })
        ofPolicies = own?.isWithoutDenials == false ? own : nil
        self.entries = entries
    }

    private static func merged(_ policies: [NamedPolicy], _ builtIn: [NamedPolicy]) -> [Entry] {
        var entries: [Entry] = []
        // By bytes: equal strings may differ in theirs, and requests are matched by bytes.
        var indices: [[UInt8]: Int] = [:]
        for (place, policy) in (policies + builtIn).enumerated() {
            for rule in policy.document.rendered(with: { _ in nil }).rules {
                guard let path = rule.path.plain else { continue }
                // A path that means something else as a pattern is another path; no path has a zero byte.
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

    /// The entry that decides about a path, if there is any.
    func entry(for path: UnsafeBufferPointer<UInt8>) -> Int? {
        let found = rules.entry(for: path)
        guard let ofPolicies, let found, entries[found].isBuiltIn, let own = ofPolicies.entry(for: path),
            entries[own].permissions.capabilities.contains(.deny)
        else { return found }
        return own
    }
}

extension ACL.Entry {
    fileprivate mutating func grant(_ capabilities: CapabilitySet, by policy: PolicyName) {
        for capability in Capability.allCases where capabilities.contains(CapabilitySet(capability)) {
            if grantingPolicies[capability.index].last != policy.text { grantingPolicies[capability.index].append(policy.text) }
        }
    }
}

/// Orders rules by how specific their paths are.
private struct SpecificityKey: Comparable {
    let beforeWildcard: Int
    let isWhole: Bool
    let wildcards: Int
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
