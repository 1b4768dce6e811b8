internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where a command writes.
package struct Console: Sendable {
    private let write: @Sendable (_ text: String, _ isError: Bool) -> Void
    /// Whether the output is read by a person.
    package let isTerminal: Bool

    package init(isTerminal: Bool, write: @escaping @Sendable (_ text: String, _ isError: Bool) -> Void) {
        self.isTerminal = isTerminal
        self.write = write
    }

    /// A line (or several) on stdout.
    package func output(_ text: String) { write(text.hasSuffix("\n") ? text : text + "\n", false) }

    /// Exactly this text on stdout.
    package func outputExactly(_ text: String) { write(text, false) }

    /// A line on stderr.
    package func error(_ text: String) { write(text.hasSuffix("\n") ? text : text + "\n", true) }

    /// Exactly this text on stderr: for a prompt.
    package func prompt(_ text: String) { write(text, true) }

    static func standard() -> Console {
        Console(isTerminal: isatty(STDOUT_FILENO) == 1) { text, isError in
            writeAll(Array(text.utf8), to: isError ? STDERR_FILENO : STDOUT_FILENO)
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                #if canImport(Glibc)
                    let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                #elseif canImport(Musl)
                    let count = Musl.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                #else
                    let count = Darwin.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                #endif
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}
