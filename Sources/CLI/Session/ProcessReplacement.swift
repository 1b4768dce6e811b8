#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// This process goes on as another program.
enum ProcessReplacement {
    /// Returns only when there is no such program, with the reason. Looks for it in the caller's `PATH`, whatever `adding` says.
    ///
    /// - Parameters:
    ///   - removing: variables that the program does not get.
    ///   - adding: variables that it gets besides the caller's, or in their place.
    static func replace(
        with command: [String], removing: Set<String>, adding: [(name: String, value: String)]
    ) -> String {
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        let replaced = removing.union(adding.map(\.name))
        // The caller's own go on byte for byte, whatever their encoding.
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
