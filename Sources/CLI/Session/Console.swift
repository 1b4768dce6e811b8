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
    private let areErrorsOnTerminal: Bool
    /// Why not all of the output was written; nil when it was.
    package let outputProblem: @Sendable () -> String?

    package init(
        isTerminal: Bool, areErrorsOnTerminal: Bool = false, outputProblem: @escaping @Sendable () -> String? = { nil },
        write: @escaping @Sendable (_ text: String, _ isError: Bool) -> Void
    ) {
        self.isTerminal = isTerminal
        self.areErrorsOnTerminal = areErrorsOnTerminal
        self.outputProblem = outputProblem
        self.write = write
    }

    /// A line (or several) on stdout.
    package func output(_ text: String) { outputExactly(Self.line(text)) }

    /// Exactly this text on stdout; a terminal is shown control characters and does not obey them.
    package func outputExactly(_ text: String) { write(isTerminal ? TerminalText.escaped(text) : text, false) }

    /// A line on stderr.
    package func error(_ text: String) { prompt(Self.line(text)) }

    /// Exactly this text on stderr: for a prompt.
    package func prompt(_ text: String) { write(areErrorsOnTerminal ? TerminalText.escaped(text) : text, true) }

    private static func line(_ text: String) -> String { text.isEnding(in: "\n") ? text : text + "\n" }

    static func standard() -> Console {
        let problem = Problem()
        return Console(
            isTerminal: isatty(STDOUT_FILENO) == 1, areErrorsOnTerminal: isatty(STDERR_FILENO) == 1, outputProblem: { problem.text }
        ) { text, isError in
            let code = writeAll(Array(text.utf8), to: isError ? STDERR_FILENO : STDOUT_FILENO)
            if code != 0, !isError { problem.keep(code) }
        }
    }

    /// The first failure of writing the output.
    private final class Problem: Sendable {
        private let code = Mutex<Int32>(0)

        func keep(_ new: Int32) { code.withLock { if $0 == 0 { $0 = new } } }

        var text: String? {
            let code = code.withLock { $0 }
            return code == 0 ? nil : String(cString: strerror(code))
        }
    }

    /// 0, or why not all was written.
    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
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
                guard count > 0 else { return count < 0 ? errno : EIO }
                rest = rest.dropFirst(count)
            }
            return 0
        }
    }
}
