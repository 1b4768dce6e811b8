/// Compiles the rules of a service to a policy that allows exactly the same.
///
/// In a policy, the most specific rule decides. Of a service's rules, all that match decide together, and a denial
/// overrides. Therefore the rules are split into vectors with the same number of segments, every intersection of two
/// vectors is added, and each vector gets the permissions that its rules give together.
package struct RuleCompiler {
    /// The largest number of rules in a policy. Services that need more are refused.
    static let vectorsMax = 600

    private let mount: String
    private let rules: [ServiceRule]

    /// Creates a compiler.
    ///
    /// - Parameter mount: The path of the mount with its final slash, such as `services/`.
    package init(mount: String, rules: [ServiceRule]) {
        self.mount = mount
        self.rules = rules
    }

    /// Returns the policy. Throws if it would have more than ``vectorsMax`` rules.
    package func compile() throws(ServiceRuleError) -> CompiledRules {
        let parts = rules.flatMap(RulePart.parts)
        let grants = isPlain ? plain(parts) : try exact(parts)
        let roots = listingRoots
        return CompiledRules(policy: text(grants), listingRoots: roots)
    }

    /// Whether all rules allow the same, so that it does not matter which one decides.
    private var isPlain: Bool {
        rules.allSatisfy { $0.effect == .allow && $0.actions == rules[0].actions }
    }

    // MARK: Cutting

    private struct Grant {
        var vector: PatternVector
        var permissions: Set<Permission>
    }

    private func plain(_ parts: [RulePart]) -> [Grant] {
        var grants: [Grant] = []
        for part in parts {
            let vector = PatternVector(segments: part.segments, isOpen: part.isBelow)
            if let index = grants.firstIndex(where: { $0.vector == vector }) {
                grants[index].permissions.formUnion(part.permissions)
            } else {
                grants.append(Grant(vector: vector, permissions: part.permissions))
            }
        }
        return grants
    }

    private func exact(_ parts: [RulePart]) throws(ServiceRuleError) -> [Grant] {
        let depth = parts.map(\.segments.count).max() ?? 0
        let cut = parts.map { (part: $0, vectors: $0.vectors(depth: depth)) }
        let vectors = try closure(cut.flatMap(\.vectors))
        return vectors.map { vector in
            var allowed: Set<Permission> = []
            var denied: Set<Permission> = []
            for (part, vectors) in cut where part.covers(vector, vectors) {
                if part.effect == .allow { allowed.formUnion(part.permissions) } else { denied.formUnion(part.permissions) }
            }
            return Grant(vector: vector, permissions: allowed.subtracting(denied))
        }
    }

    private func closure(_ first: [PatternVector]) throws(ServiceRuleError) -> [PatternVector] {
        var known = Set(first)
        var ordered: [PatternVector] = []
        for vector in first where !ordered.contains(vector) { ordered.append(vector) }
        var index = 0
        while index < ordered.count {
            for other in ordered[..<index] {
                guard let both = ordered[index].intersection(other), known.insert(both).inserted else { continue }
                ordered.append(both)
            }
            guard ordered.count <= Self.vectorsMax else {
                throw ServiceRuleError("the rules of the service overlap in more than \(Self.vectorsMax) ways; use fewer rules")
            }
            index += 1
        }
        return ordered
    }

    // MARK: Writing

    private func text(_ grants: [Grant]) -> String {
        var text = ""
        for surface in Surface.all {
            for grant in grants {
                let capabilities = surface.capabilities(grant.permissions)
                // A rule without capabilities keeps a wider rule from deciding.
                if capabilities.isEmpty, isPlain { continue }
                text += "path \"\(mount)\(surface.name)/\(grant.vector.rulePath)\" {\n"
                if grant.vector.hasPartialSegments { text += "  partial_segments = true\n" }
                text += "  capabilities = [" + capabilities.map { "\"\($0)\"" }.joined(separator: ", ") + "]\n}\n"
            }
        }
        return text
    }

    /// Where listings start: in the folder of the first `*` of a rule, or else at the path of the rule.
    private var listingRoots: [ListingRoot] {
        var roots: [ListingRoot] = []
        for rule in rules where rule.effect == .allow && rule.actions.contains(.list) {
            if rule.path.coversBelow { roots.append(ListingRoot(segments: rule.path.segments, isExact: false)) }
            if rule.path.coversExactly { roots.append(ListingRoot(segments: rule.path.segments, isExact: true)) }
        }
        var kept: [ListingRoot] = []
        for root in roots where !kept.contains(root) { kept.append(root) }
        return kept
    }
}

/// A capability of a policy that a rule may need.
enum Permission: Sendable, Hashable {
    case action(ServiceAction)
    /// To list the names in one folder, in order to find those that a `*` matches.
    case names
}

/// One half of a rule: either exactly its path, or everything below it.
private struct RulePart {
    var effect: ServiceRule.Effect
    var permissions: Set<Permission>
    var segments: [SegmentPattern]
    var isBelow: Bool
    /// Whether the folder itself, whose last segment is empty, is excluded.
    var skipsFolder = false

    static func parts(of rule: ServiceRule) -> [RulePart] {
        let permissions = Set(rule.actions.map(Permission.action))
        let path = rule.path
        var parts: [RulePart] = []
        func add(_ permissions: Set<Permission>, _ segments: some Collection<SegmentPattern>, below: Bool) {
            parts.append(RulePart(effect: rule.effect, permissions: permissions, segments: Array(segments), isBelow: below))
        }
        // A listing without the final slash is about the folder, which a rule for a single secret does not cover.
        if path.coversExactly { add(permissions.subtracting([.action(.list)]), path.segments, below: false) }
        if path.coversBelow { add(permissions, path.segments, below: true) }
        guard rule.actions.contains(.list) else { return parts }
        if rule.effect == .allow {
            // An ACL judges a folder with and without its slash; this is the path with it.
            for (index, segment) in path.segments.enumerated() {
                if case .starting = segment { add([.names], path.segments[..<index] + [.literal("")], below: false) }
            }
        } else if path.coversBelow {
            add([.action(.list)], path.segments, below: false)
            // A final `*` also matches an empty segment, which is the folder above. The rule does not deny that one.
            parts[parts.count - 1].skipsFolder = path.segments.last?.matches("") == true
        }
        return parts
    }

    func covers(_ vector: PatternVector, _ vectors: [PatternVector]) -> Bool {
        if skipsFolder, vector.segments.last == .literal("") { return false }
        return vectors.contains { $0.covers(vector) }
    }

    /// Returns the same paths as vectors with at most `depth` segments.
    func vectors(depth: Int) -> [PatternVector] {
        guard isBelow else {
            let exact = PatternVector(segments: segments, isOpen: false)
            // The excluded folder is a vector too.
            return skipsFolder ? [exact, PatternVector(segments: segments.dropLast() + [.literal("")], isOpen: false)] : [exact]
        }
        var vectors: [PatternVector] = []
        for length in stride(from: segments.count + 1, through: depth, by: 1) {
            vectors.append(PatternVector(segments: padded(to: length), isOpen: false))
        }
        return vectors + [PatternVector(segments: padded(to: depth), isOpen: true)]
    }

    private func padded(to length: Int) -> [SegmentPattern] {
        segments + Array(repeating: .any, count: max(0, length - segments.count))
    }
}

/// A route of a KV version 2 mount, and the capabilities that each permission becomes on it.
private struct Surface {
    var name: String
    var capabilities: @Sendable (Set<Permission>) -> [String]

    static let all = [
        Surface(name: "data") { granted in
            (granted.contains(.action(.write)) ? ["create", "update", "patch"] : [])
                + (granted.contains(.action(.read)) ? ["read"] : []) + (granted.contains(.action(.delete)) ? ["delete"] : [])
        },
        Surface(name: "metadata") { granted in
            (granted.contains(.action(.read)) ? ["read"] : []) + listing(granted)
        },
        Surface(name: "detailed-metadata", capabilities: listing),
        Surface(name: "subkeys") { $0.contains(.action(.read)) ? ["read"] : [] },
        Surface(name: "delete") { $0.contains(.action(.delete)) ? ["update"] : [] },
        Surface(name: "undelete") { $0.contains(.action(.write)) ? ["update"] : [] },
    ]

    @Sendable private static func listing(_ granted: Set<Permission>) -> [String] {
        granted.contains(.action(.list)) || granted.contains(.names) ? ["list"] : []
    }
}
