internal import Glibc

/// The terminal on the standard input.
enum Terminal {
    /// Reads one line without showing it.
    ///
    /// The terminal sends no signals meanwhile, so that Control-C cannot leave it with the echo turned off.
    static func readHidden(prompt: String, console: Console) -> HiddenAnswer {
        var before = termios()
        let isTerminal = tcgetattr(STDIN_FILENO, &before) == 0
        if isTerminal {
            var hidden = before
            hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        }
        // Not before, because what was typed until now is discarded.
        console.prompt(prompt)
        defer {
            if isTerminal { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
            console.prompt("\n")
        }
        var line: [UInt8] = []
        while line.count < 65_536, let byte = nextByte() {
            switch byte {
            case 0x0A, 0x0D, 0x04: return .text(String(decoding: line, as: UTF8.self))
            case 0x03: return .interrupted
            case 0x7F, 0x08: _ = line.popLast()
            case 0x15: line = []
            default: line.append(byte)
            }
        }
        return .text(String(decoding: line, as: UTF8.self))
    }

    private static func nextByte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            return count == 1 ? byte : nil
        }
    }
}
