internal import Glibc
internal import Syntax

/// The browser of whoever runs the command.
enum Browser {
    /// Opens an address, with the program that the variable `BROWSER` names or with `xdg-open`. Returns whether the program started.
    static func open(_ address: String, environment: [String: String]) -> Bool {
        // An address that is an option or a file is none that a server may have opened.
        guard address.hasUTF8Prefix("https://") || address.hasUTF8Prefix("http://") else { return false }
        let program = environment["BROWSER"].unlessEmpty ?? "xdg-open"
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup(address), nil]
        defer { for pointer in arguments { free(pointer) } }
        var child = pid_t()
        return posix_spawnp(&child, program, nil, nil, arguments, environ) == 0
    }
}
