import Foundation

/// What the server must know about a type of engine is in its `EngineDescription`, so that a new type needs no change of the core.
enum EngineNameRules {
    /// Rooms that name no type, except in the files that put the server together.
    private static let rooms: Set = ["Core", "Identity", "Server"]
    private static let composition = "Server/Composition/Composition"

    /// Literals that look like a type's name and are none.
    private static let allowed: [(file: String, name: String)] = [
        // A kind of plugin in Vault's protocol, beside `auth` and `secret`.
        ("Core/System/SystemEngine+Plugins.swift", "database")
    ]

    static func violations(in tree: SourceTree) -> [String] {
        let names = names(in: tree)
        return tree.files.filter { rooms.contains($0.room) && !$0.path.hasPrefix(composition) }.flatMap { file in
            file.lines.enumerated().flatMap { index, line -> [String] in
                let code = line.withoutComment
                return names.filter { name in
                    code.contains("\"\(name)\"") && !allowed.contains { $0.file == file.path && $0.name == name }
                }.sorted().map { "\(file.path):\(index + 1): names the engine type \($0); ask its EngineDescription" }
            }
        }
    }

    /// Returns the types that rooms describe, with their aliases.
    static func names(in tree: SourceTree) -> Set<String> {
        var names: Set<String> = []
        for file in tree.files where file.text.contains("EngineDescription(") && !rooms.contains(file.room) {
            for found in file.text.matches(of: /type: "([a-z0-9-]+)"/) { names.insert(String(found.output.1)) }
            for found in file.text.matches(of: /\.init\("([a-z0-9-]+)", options:/) { names.insert(String(found.output.1)) }
        }
        return names
    }
}
