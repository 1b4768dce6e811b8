import EngineKit

/// An engine's declared paths, found by the first segment; literals are tried before captures, as declared.
struct PathRouter: Sendable {
    let paths: [EnginePath]
    private var byFirstSegment: [Substring: [Int]] = [:]
    private var others: [Int] = []

    init(_ paths: [EnginePath]) {
        self.paths = paths
        for (index, path) in paths.enumerated() {
            if case .literal(let first)? = path.pattern.segments.first {
                byFirstSegment[first[...], default: []].append(index)
            } else {
                others.append(index)
            }
        }
    }

    /// `path` is relative to the mount, without a final slash.
    func route(_ path: Substring) -> (path: EnginePath, captures: Captures)? {
        let first = path.utf8.firstIndex(of: UInt8(ascii: "/")).map { path[..<$0] } ?? path
        for index in byFirstSegment[first] ?? [] {
            if let captures = paths[index].pattern.match(path) { return (paths[index], captures) }
        }
        for index in others {
            if let captures = paths[index].pattern.match(path) { return (paths[index], captures) }
        }
        return nil
    }
}
