import Testing

@Suite("Names of engine types")
struct EngineNameTests {
    private static let described = SourceTree.File(
        path: "KVEngine/KVDescription.swift",
        text: #"EngineDescription(type: "kv", summary: "x"); aliases = [.init("kv-v2", options: ["version": "2"])]"#)

    @Test("are known to the rooms that describe them and to the composition of the server alone")
    func sources() throws {
        let tree = try SourceTree.ofThisPackage()
        #expect(
            EngineNameRules.names(in: tree).isSuperset(of: [
                "approle", "connections", "database", "generic", "kv", "kv-v1", "kv-v2", "projects", "remote-kv", "transit",
                "userpass",
            ]))
        #expect(EngineNameRules.violations(in: tree) == [])
    }

    @Test(
        "are noticed elsewhere, aliases too",
        arguments: [
            ("Core/Planted.swift", #"if entry.type == "kv" { return }"#), ("Identity/Planted.swift", #"case "kv-v2": true"#),
            ("Core/Planted.swift", #"let (home, type) = ("https://kv.example", "kv")"#),
            ("Server/Composition/DevServer.swift", #"InitialMount(path: "secret/", type: "kv")"#),
        ])
    func notices(path: String, text: String) {
        let tree = SourceTree(files: [Self.described, .init(path: path, text: text)])
        #expect(EngineNameRules.violations(in: tree).count == 1)
    }

    @Test(
        "may stand in comments, in other words and where the server is put together",
        arguments: [
            ("Core/Fine.swift", #"let a = 1  // such as "kv""#), ("Core/Fine.swift", #"let path = "kv/data""#),
            ("Server/Composition/Composition+Engines.swift", #"type: "kv""#), ("VaultAPI/Fine.swift", #""kv""#),
        ])
    func accepts(path: String, text: String) {
        #expect(EngineNameRules.violations(in: SourceTree(files: [Self.described, .init(path: path, text: text)])) == [])
    }
}
