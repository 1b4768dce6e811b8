/// Merged rules that are found by the paths that they match.
struct RuleSet: Sendable {
    private let table: PatternTable
    /// The rules that deny, by their folded paths.
    private let denials: PatternTable

    /// Whether no rule denies.
    var isWithoutDenials: Bool { denials.isEmpty }

    /// Builds the set from the entries at `indices`.
    ///
    /// - Parameter folded: The path of each entry in one case.
    init(_ entries: [ACL.Entry], _ folded: [[UInt8]], of indices: some Collection<Int>) {
        table = PatternTable(
            indices.map {
                .init(path: entries[$0].path, bytes: Array(entries[$0].path.text.utf8), entry: $0, rank: entries[$0].rank)
            })
        denials = PatternTable(
            indices.filter { entries[$0].permissions.capabilities.contains(.deny) }.map {
                .init(path: entries[$0].path, bytes: folded[$0], entry: $0, rank: entries[$0].rank)
            })
    }

    /// Returns the index of the entry that decides about a path, or nil if no rule matches.
    func entry(for path: UnsafeBufferPointer<UInt8>) -> Int? {
        let found = table.best(path)
        if denials.isEmpty { return found?.entry }
        guard let denial = denial(for: path) else { return found?.entry }
        guard let found else { return denial.entry }
        return denial.rank >= found.rank ? denial.entry : found.entry
    }

    /// Returns the most specific denial of the path in any case, or nil.
    private func denial(for path: UnsafeBufferPointer<UInt8>) -> PatternTable.Match? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: path.count) { output in
            if CaseFolding.foldASCII(path, into: output) { return denials.best(UnsafeBufferPointer(output)) }
            return CaseFolding.fold(path).withUnsafeBufferPointer { denials.best($0) }
        }
    }
}
