/// A token and all that descends from it, as the callers know it.
struct TokenTree {
    struct Member {
        var token: String
        var id: String
        /// Comes before it; nil for the first.
        var parent: Int?
        /// Somebody wanted to revoke it, and may have.
        var isTried = false
        /// That was answered, and is on record: a failover which loses it takes this back.
        var isRevoked = false
    }

    var name: String
    var members: [Member]
    var isTried: Bool { members[0].isTried }

    /// From the member up to the first.
    func line(of index: Int) -> [Int] {
        var line = [index]
        while let parent = members[line[line.count - 1]].parent { line.append(parent) }
        return line
    }

    /// The member and all that descends from it.
    func family(of index: Int) -> [Int] {
        var family: Set<Int> = [index]
        for other in members.indices.dropFirst(index + 1) where members[other].parent.map(family.contains) == true {
            family.insert(other)
        }
        return family.sorted()
    }
}
