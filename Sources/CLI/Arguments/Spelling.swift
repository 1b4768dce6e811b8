/// Suggestions for mistyped names.
enum Spelling {
    /// Returns the most similar name, or nil if none is similar.
    ///
    /// A similar name differs by at most two changes, and by no more than about a third of its letters.
    static func nearest(to text: String, among names: [String]) -> String? {
        guard text.utf8.count <= 40 else { return nil }
        let near = names.map { (name: $0, distance: distance(text, $0)) }.filter { isNear(text, $0.name, distance: $0.distance) }
        return near.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// Returns whether two names are similar.
    static func isNear(_ text: String, _ name: String) -> Bool { isNear(text, name, distance: distance(text, name)) }

    private static func isNear(_ text: String, _ name: String, distance: Int) -> Bool {
        distance <= 2 && distance * 3 <= max(text.utf8.count, name.utf8.count) + 1
    }

    /// Returns the number of changes that turn one text into the other: a byte replaced, removed, added, or swapped with its neighbor.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var before: [Int] = []
        var row = Array(0...right.count)
        for i in left.indices {
            var next = [i + 1]
            for j in right.indices {
                var best = min(row[j + 1] + 1, next[j] + 1, row[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { best = min(best, before[j - 1] + 1) }
                next.append(best)
            }
            (before, row) = (row, next)
        }
        return row[right.count]
    }
}
