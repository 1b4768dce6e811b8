/// Finds the rule with the highest rank that matches a path.
///
/// Rules are grouped by the bytes before their first wildcard, and the groups are sorted by those bytes. Each group
/// refers to the group with the longest proper prefix of its bytes. A binary search followed by these references visits
/// exactly the groups whose bytes the path begins with, the longest first, which is the order of rank.
struct PatternTable: Sendable {
    /// A rule that matches a path.
    struct Match {
        var entry: Int
        var rank: Int
    }

    /// A rule to be found.
    struct Rule {
        var path: RulePath
        /// The bytes of the path's text that requests are compared with.
        var bytes: [UInt8]
        var entry: Int
        var rank: Int
    }

    /// The rules with the same bytes before their first wildcard.
    private struct Group {
        var literal: Range<Int>
        var parent: Int
        var patterns: Range<Int>
    }

    /// What follows the bytes of the group.
    private struct Pattern {
        var isGlob: Bool
        /// One entry for each `+`: the bytes between it and the next one.
        var tails: Range<Int>
        var entry: Int
        var rank: Int
    }

    /// The bytes of all groups and patterns, one after another.
    private var bytes: [UInt8] = []
    private var groups: [Group] = []
    private var patterns: [Pattern] = []
    private var tails: [Range<Int>] = []

    /// Whether there are no rules.
    var isEmpty: Bool { groups.isEmpty }

    /// Builds the table.
    init(_ rules: [Rule]) {
        let split = rules.map { (rule: $0, pieces: Self.pieces($0.bytes, partial: $0.path.hasPartialSegments)) }
        let byLiteral = Dictionary(grouping: split) { $0.pieces[0] }
        var chain: [Int] = []
        for literal in byLiteral.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            while let last = chain.last, !literal.starts(with: bytes[groups[last].literal]) { chain.removeLast() }
            let start = patterns.count
            let range = store(literal)
            for (rule, pieces) in (byLiteral[literal] ?? []).sorted(by: { $0.rule.rank > $1.rule.rank }) {
                let first = tails.count
                for piece in pieces.dropFirst() { tails.append(store(piece)) }
                patterns.append(Pattern(isGlob: rule.path.isGlob, tails: first..<tails.count, entry: rule.entry, rank: rule.rank))
            }
            groups.append(Group(literal: range, parent: chain.last ?? -1, patterns: start..<patterns.count))
            chain.append(groups.count - 1)
        }
    }

    /// Appends bytes and returns where they are.
    private mutating func store(_ piece: ArraySlice<UInt8>) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: piece)
        return start..<bytes.count
    }

    /// Splits a path at its wildcards: the segments that are `+`, and with `partial` also a `+` at the end of a
    /// segment.
    static func pieces(_ text: [UInt8], partial: Bool) -> [ArraySlice<UInt8>] {
        let slash = UInt8(ascii: "/")
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        for index in text.indices where text[index] == UInt8(ascii: "+") {
            let opens = partial || index == 0 || text[index - 1] == slash
            let closes = index + 1 == text.count || text[index + 1] == slash
            guard opens, closes else { continue }
            pieces.append(text[start..<index])
            start = index + 1
        }
        return pieces + [text[start...]]
    }

    /// Returns the rule with the highest rank that matches the path, or nil if none does.
    func best(_ path: UnsafeBufferPointer<UInt8>) -> Match? {
        guard !groups.isEmpty else { return nil }
        return bytes.withUnsafeBufferPointer { stored in
            var index = lastGroup(notAfter: path, stored)
            while index >= 0 {
                let group = groups[index]
                if Self.hasPrefix(path, at: 0, group.literal, in: stored) {
                    for position in group.patterns where matches(patterns[position], path, from: group.literal.count, in: stored) {
                        return Match(entry: patterns[position].entry, rank: patterns[position].rank)
                    }
                }
                index = group.parent
            }
            return nil
        }
    }

    /// Returns the last group whose bytes do not come after the path, or -1.
    private func lastGroup(notAfter path: UnsafeBufferPointer<UInt8>, _ stored: UnsafeBufferPointer<UInt8>) -> Int {
        var (low, high) = (0, groups.count)
        while low < high {
            let middle = (low + high) / 2
            let literal = groups[middle].literal
            let order = Self.compare(stored, literal, with: path, at: 0, count: min(literal.count, path.count))
            if order < 0 || order == 0 && literal.count <= path.count { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }

    /// Whether the path from `start` on matches the pattern.
    private func matches(
        _ pattern: Pattern, _ path: UnsafeBufferPointer<UInt8>, from start: Int, in stored: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        var position = start
        for index in pattern.tails {
            while position < path.count, path[position] != UInt8(ascii: "/") { position += 1 }
            let tail = tails[index]
            guard Self.hasPrefix(path, at: position, tail, in: stored) else { return false }
            position += tail.count
        }
        return pattern.isGlob || position == path.count
    }

    /// Whether the path contains the stored bytes of `range` at `position`.
    private static func hasPrefix(
        _ path: UnsafeBufferPointer<UInt8>, at position: Int, _ range: Range<Int>, in stored: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        path.count - position >= range.count && compare(stored, range, with: path, at: position, count: range.count) == 0
    }

    /// Compares `count` stored bytes with those of the path: negative, zero or positive.
    private static func compare(
        _ stored: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, with path: UnsafeBufferPointer<UInt8>, at position: Int,
        count: Int
    ) -> Int {
        for index in 0..<count {
            let (mine, theirs) = (stored[range.lowerBound &+ index], path[position &+ index])
            if mine != theirs { return mine < theirs ? -1 : 1 }
        }
        return 0
    }
}
