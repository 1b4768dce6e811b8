internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What this process was called with, its own name first.
///
/// Swift finds its arguments beside the environment that the kernel laid down. A preloaded library that sets a variable
/// before the program begins (libfaketime does) moves the environment away, and the arguments seem to be none. The kernel
/// still has them.
package struct ProcessArguments: Sendable, Equatable {
    /// What is not UTF-8 in one of them is replaced by U+FFFD.
    package var texts: [String]
    /// The place of the first that is not UTF-8; nil when all are. It would name another secret than the one that was meant.
    package var malformed: Int?

    /// - Parameter arguments: Their bytes.
    package init(_ arguments: [some Collection<UInt8>]) {
        texts = arguments.map { String(decoding: $0, as: UTF8.self) }
        malformed = arguments.firstIndex { String(validating: $0, as: UTF8.self) == nil }
    }

    static var all: ProcessArguments {
        let pointers = UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
        let found = pointers.compactMap { pointer in pointer.map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) } }
        guard found.isEmpty, let kept = FileManager.default.contents(atPath: "/proc/self/cmdline") else {
            return ProcessArguments(found)
        }
        return parse(kept)
    }

    /// Each ends with a NUL; one may be empty.
    package static func parse(_ bytes: some Collection<UInt8>) -> ProcessArguments {
        var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        return ProcessArguments(parts)
    }
}
