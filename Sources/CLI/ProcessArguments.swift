internal import Foundation

/// What this process was called with, its own name first.
///
/// Swift finds its arguments beside the environment that the kernel laid down. A preloaded library that sets a variable
/// before the program begins (libfaketime does) moves the environment away, and the arguments seem to be none. The kernel
/// still has them.
package enum ProcessArguments {
    static var all: [String] {
        let found = CommandLine.arguments
        guard found.isEmpty, let kept = FileManager.default.contents(atPath: "/proc/self/cmdline") else { return found }
        return parse(kept)
    }

    /// Each ends with a NUL; one may be empty.
    package static func parse(_ bytes: some Collection<UInt8>) -> [String] {
        var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }
}
