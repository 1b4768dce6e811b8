internal import Glibc
internal import Synchronization

/// The standard output and the standard error of a command.
package struct Console: Sendable {
    private let write: @Sendable (_ text: String, _ isError: Bool) -> Void
    /// Whether the standard output is a terminal.
    package let isTerminal: Bool
    private let areErrorsOnTerminal: Bool
    /// Returns the reason why not all of the output could be written, or nil if all of it was.
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

    /// Writes text to the standard output, with a line end if it has none.
    package func output(_ text: String) { outputExactly(Self.line(text)) }

    /// Writes text to the standard output without adding a line end. On a terminal, control characters are shown as escapes.
    package func outputExactly(_ text: String) { write(isTerminal ? TerminalText.escaped(text) : text, false) }

    /// Writes text to the standard error, with a line end if it has none.
    package func error(_ text: String) { prompt(Self.line(text)) }

    /// Writes text to the standard error without adding a line end.
    package func prompt(_ text: String) { write(areErrorsOnTerminal ? TerminalText.escaped(text) : text, true) }

    private static func line(_ text: String) -> String { text.ends(with: "\n") ? text : text + "\n" }

    /// Returns the console of this process.
    static func standard() -> Console {
        let problem = Problem()
        return Console(
            isTerminal: isatty(STDOUT_FILENO) == 1, areErrorsOnTerminal: isatty(STDERR_FILENO) == 1, outputProblem: { problem.text }
        ) { text, isError in
            let code = writeAll(Array(text.utf8), to: isError ? STDERR_FILENO : STDOUT_FILENO)
            if code != 0, !isError { problem.keep(code) }
        }
    }

    /// Keeps the first failure to write the output.
    private final class Problem: Sendable {
        private let code = Mutex<Int32>(0)

        func keep(_ new: Int32) { code.withLock { if $0 == 0 { $0 = new } } }

        var text: String? {
            let code = code.withLock { $0 }
            return code == 0 ? nil : String(cString: strerror(code))
        }
    }

    /// Writes all bytes and returns 0, or the number of the error that prevented it.
    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return count < 0 ? errno : EIO }
                rest = rest.dropFirst(count)
            }
            return 0
        }
    }
}
