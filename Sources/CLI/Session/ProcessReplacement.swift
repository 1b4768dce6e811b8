#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// This process goes on as another program.
enum ProcessReplacement {
    /// Returns only when there is no such program, with the reason. Looks for it in the caller's `PATH`.
    static func replace(with command: [String], environment: [String: String]) -> String {
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        var variables: [UnsafeMutablePointer<CChar>?] = environment.sorted { $0.key < $1.key }.map {
            strdup("\($0.key)=\($0.value)")
        }
        variables.append(nil)
        defer { for pointer in arguments + variables { free(pointer) } }
        var problem = ENOENT
        for candidate in candidates(command[0], path: environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin") {
            execve(candidate, arguments, variables)
            if errno != ENOENT { problem = errno }
        }
        return String(cString: strerror(problem))
    }

    private static func candidates(_ name: String, path: String) -> [String] {
        if name.contains("/") { return [name] }
        return path.split(separator: ":").map { "\($0)/\(name)" }
    }
}
