import EngineKit

/// Finds the declared path of an engine for a request. Paths that begin with a literal segment are tried before those that begin
/// with a capture, each in declaration order.
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

    /// Returns the first declared path that matches and its captures, or nil if none does.
    ///
    /// - Parameter path: The path relative to the mount, without a final slash.
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
