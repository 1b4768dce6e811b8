internal import Glibc
internal import Syntax

/// The browser of whoever runs the command.
enum Browser {
    /// Opens an address, with the program that the variable `BROWSER` names or with `xdg-open`. Returns whether the program started.
    ///
    /// The program gets no stream of this command: what a browser prints must not become part of a token or of JSON that is piped on.
    static func open(_ address: String, environment: [String: String]) -> Bool {
        // An address that is an option or a file is none that a server may have opened.
        guard address.hasUTF8Prefix("https://") || address.hasUTF8Prefix("http://") else { return false }
        let program = environment["BROWSER"].unlessEmpty ?? "xdg-open"
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup(address), nil]
        defer { for pointer in arguments { free(pointer) } }
        var actions = posix_spawn_file_actions_t()
        guard posix_spawn_file_actions_init(&actions) == 0 else { return false }
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_WRONLY), (STDERR_FILENO, O_WRONLY)] {
            guard posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", mode, 0) == 0 else { return false }
        }
        var child = pid_t()
        return posix_spawnp(&child, program, &actions, nil, arguments, environ) == 0
    }
}
