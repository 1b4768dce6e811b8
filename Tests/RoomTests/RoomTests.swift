import Testing

@Suite("Rooms")
struct RoomTests {
    @Test("no room reaches where it may not")
    func importsPointDown() throws {
        let tree = try SourceTree.ofThisPackage()
        #expect(tree.files.count > 30, "the sources were not found, so nothing was checked")
        #expect(RoomRules.violations(in: tree) == [])
    }

    @Test("every room of the table has sources, and every folder of sources is a room")
    func tableMatchesFolders() throws {
        let folders = Set(try SourceTree.ofThisPackage().files.map(\.room))
        #expect(folders == Set(RoomRules.rooms.keys).subtracting(["CSecretMemory", "CPostgres", "CHiredis", "COpenSSL", "CLDAP"]))
    }

    @Test("the table itself only points down")
    func tablePointsDown() {
        for (name, room) in RoomRules.rooms {
            for below in room.rooms {
                #expect((RoomRules.rooms[below]?.layer ?? .max) < room.layer, "\(name) lists \(below)")
            }
            for (driver, owner) in RoomRules.drivers where room.packages.contains(driver) { #expect(name == owner) }
        }
    }

    @Test(
        "notices an import that crosses a wall",
        arguments: [
            ("Policy/Planted.swift", "import Audit"),
            ("Audit/Planted.swift", "package import Policy"),
            ("EngineKit/Planted.swift", "import Core"),
            ("KVEngine/Planted.swift", "import Core"),
            ("KVEngine/Planted.swift", "import Barrier"),
            ("Core/Planted.swift", "internal import KVEngine"),
            ("Core/Planted.swift", "import StoreSQLite"),
            ("HTTPShell/Planted.swift", "import VaultAPI"),
            ("VaultAPI/Planted.swift", "import Hummingbird"),
            ("VaultAPI/Planted.swift", "@preconcurrency package import struct Barrier.Keyring"),
            ("Server/Planted.swift", "import GRDB"),
            ("Core/Deep/Planted.swift", "import struct GRDB.Row"),
            ("CofferClient/Planted.swift", "import EngineKit"),
            ("coffer/Planted.swift", "import Core"),
            ("CLI/Planted.swift", "import AsyncHTTPClient"),
            ("coffer/Planted.swift", "import Server"),
            ("Syntax/Planted.swift", "import Crypto"),
            ("Core/Planted.swift", "/* why */\nimport Foundation; import Server"),
            ("Core/Planted.swift", "import SomethingNew"),
            ("Core/Planted.swift", "import TestSupport"),
            ("Core/Planted.swift", "import Testing"),
            ("Attic/Planted.swift", "import Foundation"),
        ])
    func noticesViolation(path: String, text: String) {
        let tree = SourceTree(files: [.init(path: path, text: text + "\n")])
        #expect(RoomRules.violations(in: tree).count == 1)
    }

    @Test(
        "allows imports that point down and ignores comments",
        arguments: [
            ("Core/Fine.swift", "package import EngineKit\nimport Audit\nimport Crypto"),
            ("Core/Fine.swift", "// import Server\n/* import Server */\n/*\nimport Server\n*/"),
            ("StoreSQLite/Fine.swift", "@preconcurrency import GRDB"),
            ("Server/Fine.swift", "import StoreSQLite\nimport VaultAPI\nimport ServiceLifecycle"),
            ("CLI/Fine.swift", "import ArgumentParser\nimport CofferClient\nimport Server"),
        ])
    func allowsLowerRooms(path: String, text: String) {
        #expect(RoomRules.violations(in: SourceTree(files: [.init(path: path, text: text)])) == [])
    }
}
