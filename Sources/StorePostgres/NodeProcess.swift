import Foundation
import Glibc

/// A process, described so that another process on the same machine can tell whether it is still
/// running: the boot of the machine, the namespace of process numbers, the number, and the time
/// when the process started.
///
/// With it, a node that was killed and starts again can prove that its predecessor has ended, and
/// ends its place at once.
struct NodeProcess: Sendable, Hashable {
    var boot: String
    var namespace: String
    var number: Int32
    var start: String

    /// The current process, or nil if the system does not provide the information.
    static let current: NodeProcess? = {
        let number = getpid()
        guard let boot = text("/proc/sys/kernel/random/boot_id"), !boot.isEmpty,
            let namespace = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid"),
            let start = stat(number)?.start
        else { return nil }
        return NodeProcess(boot: boot, namespace: namespace, number: number, start: start)
    }()

    init(boot: String, namespace: String, number: Int32, start: String) {
        (self.boot, self.namespace, self.number, self.start) = (boot, namespace, number, start)
    }

    var stored: String { "\(boot) \(namespace) \(number) \(start)" }

    /// Returns nil for a text that ``stored`` never returns.
    init?(stored: String) {
        let words = Array(stored.utf8).split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        guard words.count == 4, let number = Int32(words[2]), number > 0 else { return nil }
        self.init(boot: words[0], namespace: words[1], number: number, start: words[3])
    }

    /// Returns whether the process has certainly ended, which can be known only from the same boot
    /// and the same namespace.
    func isGone(seenFrom viewer: NodeProcess?) -> Bool {
        guard let viewer, boot == viewer.boot, namespace == viewer.namespace else { return false }
        if kill(number, 0) != 0 { return errno == ESRCH }
        // A process that cannot be read may be running. A zombie has ended.
        guard let found = Self.stat(number) else { return false }
        return found.start != start || found.hasEnded
    }

    /// Reads `/proc/N/stat`: the fields after the name, which is in parentheses and may contain
    /// anything.
    private static func stat(_ number: Int32) -> (start: String, hasEnded: Bool)? {
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(number)/stat"),
            let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let words = bytes[(end + 1)...].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        guard words.count > 19, let state = words.first else { return nil }
        return (words[19], state == "Z" || state == "X")
    }

    private static func text(_ path: String) -> String? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
