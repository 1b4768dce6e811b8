import Policy

/// The documented rules once more, as plainly as they can be said: no tables, no ranks, no folding of paths ahead of time.
/// It judges one path at a time by looking at every rule.
struct NaiveModel {
    struct Rule {
        var pattern: [UInt8]
        var folded: [UInt8]
        var capabilities: Set<Capability>
        var policy: String

        init(_ pattern: String, _ capabilities: Set<Capability>, _ policy: String) {
            self.pattern = Array(pattern.utf8)
            folded = Array(pattern.uppercased().lowercased().utf8)
            self.capabilities = capabilities
            self.policy = policy
        }
    }

    enum Answer: Equatable {
        case nothing
        case deny
        case grant([Capability: [String]])
    }

    var rules: [Rule]

    /// The answers for one path: as it is written, and for a listing with and without the final slash. With the slash
    /// first: its policies are named when both forms grant.
    struct Judgement {
        var asWritten: Answer
        var asListing: [Answer]
    }

    func judge(_ path: String) -> Judgement {
        let plain = path.hasSuffix("/") ? String(path.dropLast()) : path
        let (folder, leaf) = (answer(plain + "/"), answer(plain))
        return Judgement(asWritten: path == plain ? leaf : folder, asListing: [folder, leaf])
    }

    /// The policies that allow it, or nil.
    static func allows(_ capability: Capability, _ judgement: Judgement, needsSudo: Bool = false) -> [String]? {
        let answers = capability == .list ? judgement.asListing : [judgement.asWritten]
        if answers.contains(.deny) { return nil }
        for case .grant(let granted) in answers {
            if let policies = granted[capability] { return needsSudo && granted[.sudo] == nil ? nil : policies }
        }
        return nil
    }

    func answer(_ path: String) -> Answer {
        let bytes = Array(path.utf8)
        let folded = Array(path.uppercased().lowercased().utf8)
        let candidates = rules.filter { rule in
            Self.matches(rule.pattern[...], bytes[...], atStart: true)
                || rule.capabilities.contains(.deny) && Self.matches(rule.folded[...], folded[...], atStart: true)
        }
        guard var best = candidates.first else { return .nothing }
        for rule in candidates.dropFirst() where Self.isLower(best.folded, than: rule.folded) { best = rule }
        let deciding = candidates.filter { $0.folded == best.folded }
        if deciding.contains(where: { $0.capabilities.contains(.deny) }) { return .deny }
        var granted: [Capability: [String]] = [:]
        for rule in deciding {
            for capability in rule.capabilities where granted[capability]?.contains(rule.policy) != true {
                granted[capability, default: []].append(rule.policy)
            }
        }
        return .grant(granted)
    }

    private static let (slash, plus, star): (UInt8, UInt8, UInt8) = (0x2F, 0x2B, 0x2A)

    /// One character at a time.
    static func matches(_ pattern: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>, atStart: Bool) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        let rest = pattern.dropFirst()
        if first == star, rest.isEmpty { return true }
        if first == plus, atStart, rest.isEmpty || rest.first == slash {
            return matches(rest, path.drop { $0 != slash }, atStart: false)
        }
        return path.first == first && matches(rest, path.dropFirst(), atStart: first == slash)
    }

    /// "P1 is of lower priority than P2 if ..." in the order of the documentation.
    static func isLower(_ p1: [UInt8], than p2: [UInt8]) -> Bool {
        let (w1, w2) = (firstWildcard(p1), firstWildcard(p2))
        if w1 != w2 { return w1 < w2 }
        let (g1, g2) = (p1.last == star, p2.last == star)
        if g1 != g2 { return g1 }
        let (n1, n2) = (wildcards(p1).count, wildcards(p2).count)
        if n1 != n2 { return n1 > n2 }
        if p1.count != p2.count { return p1.count < p2.count }
        return p1.lexicographicallyPrecedes(p2)
    }

    /// Where the first `+` segment or the final `*` stands; past everything in an exact path.
    private static func firstWildcard(_ pattern: [UInt8]) -> Int {
        if let first = wildcards(pattern).first { return first }
        return pattern.last == star ? pattern.count - 1 : Int.max
    }

    private static func wildcards(_ pattern: [UInt8]) -> [Int] {
        pattern.indices.filter { index in
            pattern[index] == plus && (index == 0 || pattern[index - 1] == slash)
                && (index == pattern.count - 1 || pattern[index + 1] == slash)
        }
    }
}
