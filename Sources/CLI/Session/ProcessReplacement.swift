internal import Glibc

/// Replacement of this process by another program.
enum ProcessReplacement {
    /// Replaces this process by a command, which is looked up in the `PATH` of this process. Returns only if that fails.
    ///
    /// - Parameters:
    ///   - command: The name or path of the program, and its arguments.
    ///   - removing: Names of variables that the program does not inherit.
    ///   - adding: Variables to set. Each replaces an inherited variable of the same name.
    /// - Returns: The reason why the program cannot be run.
    static func replace(
        with command: [String], removing: Set<String>, adding: [(name: String, value: String)]
    ) -> String {
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        let replaced = removing.union(adding.map(\.name))
        // Inherited variables are passed on as bytes, because they need not be UTF-8.
        var variables: [UnsafeMutablePointer<CChar>?] = inherited(without: replaced)
        for variable in adding { variables.append(strdup("\(variable.name)=\(variable.value)")) }
        variables.append(nil)
        defer { for pointer in arguments + variables { free(pointer) } }
        var problem = ENOENT
        for candidate in candidates(command[0]) {
            execve(candidate, arguments, variables)
            if errno != ENOENT { problem = errno }
        }
        return String(cString: strerror(problem))
    }

    private static func inherited(without names: Set<String>) -> [UnsafeMutablePointer<CChar>?] {
        var kept: [UnsafeMutablePointer<CChar>?] = []
        var entry = environ
        while let line = entry.pointee {
            let bytes = UnsafeBufferPointer(start: line, count: nameLength(line)).map { UInt8(bitPattern: $0) }
            if !names.contains(String(decoding: bytes, as: UTF8.self)) { kept.append(strdup(line)) }
            entry += 1
        }
        return kept
    }

    private static func nameLength(_ line: UnsafePointer<CChar>) -> Int {
        var length = 0
        while line[length] != 0, line[length] != CChar(bitPattern: UInt8(ascii: "=")) { length += 1 }
        return length
    }

    private static func candidates(_ name: String) -> [String] {
        if name.utf8.contains(UInt8(ascii: "/")) { return [name] }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        return path.utf8.split(separator: UInt8(ascii: ":")).map { "\(Substring($0))/\(name)" }
    }
}
