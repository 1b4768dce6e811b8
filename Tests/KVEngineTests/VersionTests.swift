import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("KV version 2: deleting, destroying and keeping versions")
struct VersionTests {
    /// A secret with so many versions, `{"n":<version>}` each.
    private func secret(versions: Int) async throws -> KVDriver {
        let kv = try KVDriver()
        for number in 1...versions { try await kv.send(.update, "data/a", #"{"data":{"n":\#(number)}}"#) }
        return kv
    }

    private func state(_ kv: KVDriver, _ version: Int) async -> String {
        do {
            return try await kv.data(.read, "data/a", query: ["version": "\(version)"])["data"]?["n"] == .int(version)
                ? "live" : "wrong"
        } catch let error as CofferError {
            guard let data = try? error.data?.parsed() else { return "missing" }
            return data["metadata"]?["destroyed"] == true ? "destroyed" : "deleted"
        } catch {
            return "failed"
        }
    }

    private func states(_ kv: KVDriver, _ versions: ClosedRange<Int>) async -> [String] {
        var states: [String] = []
        for version in versions { states.append(await state(kv, version)) }
        return states
    }

    @Test("a deleted version is a 404 that says when, and comes back whole")
    func deleteAndUndelete() async throws {
        let kv = try await secret(versions: 2)
        kv.time.advance(seconds: 60)
        try await kv.send(.delete, "data/a")
        let refusal = await kv.refusal(.read, "data/a")
        #expect(refusal?.code == .notFound)
        #expect(refusal?.messages == [])
        #expect(
            refusal?.dataText
                == #"{"data":null,"metadata":{"created_by":"root","created_time":"2023-11-14T22:13:20.000000000Z","#
                + #""custom_metadata":null,"deletion_time":"2023-11-14T22:14:20.000000000Z","destroyed":false,"version":2}}"#)
        #expect(await states(kv, 1...2) == ["live", "deleted"])
        try await kv.send(.update, "undelete/a", #"{"versions":[2]}"#)
        #expect(try await kv.data(.read, "data/a")["metadata"]?["deletion_time"] == "")
        #expect(await states(kv, 1...2) == ["live", "live"])
    }

    @Test(
        "deletes, undeletes and destroys many versions at once, however they are written",
        arguments: ["[1,2,9,-4,2]", #""1,2""#, #"["1","2"]"#])
    func many(versions: String) async throws {
        let kv = try await secret(versions: 3)
        try await kv.send(.update, "delete/a", #"{"versions":\#(versions)}"#)
        #expect(await states(kv, 1...3) == ["deleted", "deleted", "live"])
        try await kv.send(.update, "undelete/a", #"{"versions":\#(versions)}"#)
        #expect(await states(kv, 1...3) == ["live", "live", "live"])
        try await kv.send(.update, "destroy/a", #"{"versions":\#(versions)}"#)
        #expect(await states(kv, 1...3) == ["destroyed", "destroyed", "live"])
        #expect(try await kv.records().keys.sorted() == ["head/a"])
    }

    @Test("a destroyed version stays so, and its data is nowhere")
    func destroyed() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "data/a", #"{"data":{"secret":"old-canary"}}"#)
        try await kv.send(.update, "data/a", #"{"data":{"secret":"new-canary"}}"#)
        try await kv.send(.delete, "data/a")
        try await kv.send(.update, "destroy/a", #"{"versions":[1,2]}"#)
        let metadata = try await kv.text(.read, "metadata/a")
        try await kv.send(.update, "undelete/a", #"{"versions":[1,2]}"#)
        #expect(try await kv.text(.read, "metadata/a") == metadata)
        #expect(await states(kv, 1...2) == ["destroyed", "destroyed"])
        let bytes = try await kv.records().values.reduce([], +)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("canary"))
        #expect(try await kv.data(.update, "data/a", #"{"data":{"n":3}}"#)["version"] == 3)
        #expect(await states(kv, 1...3) == ["destroyed", "destroyed", "live"])
    }

    @Test("a deleted version that is written over can still be undeleted")
    func undeleteBelow() async throws {
        let kv = try await secret(versions: 1)
        try await kv.send(.delete, "data/a")
        try await kv.send(.update, "data/a", #"{"data":{"n":2}}"#)
        try await kv.send(.update, "undelete/a", #"{"versions":[1]}"#)
        #expect(await states(kv, 1...2) == ["live", "live"])
    }

    @Test("deleting again does not move the time of deletion")
    func deleteTwice() async throws {
        let kv = try await secret(versions: 1)
        try await kv.send(.delete, "data/a")
        let first = try await kv.text(.read, "metadata/a")
        kv.time.advance(seconds: 5)
        try await kv.send(.delete, "data/a")
        try await kv.send(.update, "delete/a", #"{"versions":[1]}"#)
        #expect(try await kv.text(.read, "metadata/a") == first)
    }

    @Test("what is not there is deleted without complaint", arguments: ["delete", "undelete", "destroy"])
    func missing(route: String) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "\(route)/none", #"{"versions":[1]}"#)
        try await kv.send(.delete, "data/none")
        try await kv.send(.delete, "metadata/none")
        #expect(try await kv.records().isEmpty)
    }

    @Test(
        "demands version numbers",
        arguments: [
            ("{}", "No version number provided"), (#"{"versions":[]}"#, "No version number provided"),
            (#"{"versions":""}"#, "No version number provided"),
            (#"{"versions":["x"]}"#, "field 'versions' must be a list of whole numbers"),
            (#"{"versions":{}}"#, "field 'versions' must be a list of whole numbers"),
        ])
    func noNumbers(body: String, message: String) async throws {
        let kv = try await secret(versions: 1)
        for route in ["delete", "undelete", "destroy"] {
            #expect(await kv.refusal(.update, "\(route)/a", body)?.message == message)
        }
    }

    @Test("keeps ten versions by default, and the data of no more")
    func tenByDefault() async throws {
        let kv = try await secret(versions: 13)
        #expect(await states(kv, 1...4) == ["missing", "missing", "missing", "live"])
        let metadata = try await kv.data(.read, "metadata/a")
        #expect(metadata["oldest_version"] == 4)
        #expect(metadata["current_version"] == 13)
        #expect(metadata["versions"]?.objectValue?.keys == (4...13).map(String.init))
        #expect(try await kv.records().count == 10)
    }

    @Test("keeps as many as the secret says, else as the mount says", arguments: [(0, 3, 3), (2, 3, 2), (4, 3, 4), (1, 0, 1)])
    func versionsMax(ofSecret: Int, ofMount: Int, kept: Int) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "config", #"{"max_versions":\#(ofMount)}"#)
        try await kv.send(.update, "metadata/a", #"{"max_versions":\#(ofSecret)}"#)
        for number in 1...6 { try await kv.send(.update, "data/a", #"{"data":{"n":\#(number)}}"#) }
        let states = await states(kv, 1...6)
        #expect(states == Array(repeating: "missing", count: 6 - kept) + Array(repeating: "live", count: kept))
        #expect(try await kv.records().keys.filter { $0.hasPrefix("archive/") }.count == kept - 1)
    }

    @Test("makes room at once when fewer are to be kept from now on")
    func lowered() async throws {
        let kv = try await secret(versions: 8)
        try await kv.send(.update, "destroy/a", #"{"versions":[3]}"#)
        try await kv.send(.update, "metadata/a", #"{"max_versions":2}"#)
        #expect(await state(kv, 1) == "live")
        try await kv.send(.update, "data/a", #"{"data":{"n":9}}"#)
        #expect(try await kv.data(.read, "metadata/a")["versions"]?.objectValue?.keys == ["8", "9"])
        #expect(try await kv.records().keys.sorted() == ["archive/a/0000000000000008", "head/a"])
    }

    @Test("removes a secret with everything that belonged to it")
    func removed() async throws {
        let kv = try await secret(versions: 5)
        try await kv.send(.update, "destroy/a", #"{"versions":[2]}"#)
        try await kv.send(.delete, "metadata/a")
        #expect(try await kv.records().isEmpty)
        #expect(await kv.refusal(.read, "data/a")?.data == nil)
        #expect(try await kv.data(.update, "data/a", #"{"data":{}}"#)["version"] == 1)
    }

    @Test("the largest history is removed in one piece")
    func removedLarge() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "metadata/a", #"{"max_versions":1000}"#)
        for _ in 1...1_002 { try await kv.send(.update, "data/a", #"{"data":{}}"#) }
        #expect(try await kv.records().count == 1_000)
        try await kv.send(.delete, "metadata/a")
        #expect(try await kv.records().isEmpty)
    }

    @Test(
        "a version goes by itself after the shorter time that mount and secret give it",
        arguments: [
            ("0s", "0s", 0), ("1h", "0", 3_600), ("0", "30m", 1_800), ("1h", "30m", 1_800), ("10m", "1h", 600), ("-1s", "30m", 0),
        ])
    func deleteVersionAfter(ofMount: String, ofSecret: String, seconds: Int) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "config", #"{"delete_version_after":"\#(ofMount)"}"#)
        try await kv.send(.update, "metadata/a", #"{"delete_version_after":"\#(ofSecret)"}"#)
        let written = try await kv.data(.update, "data/a", #"{"data":{"n":1}}"#)
        guard seconds > 0 else {
            #expect(written["deletion_time"] == "")
            return
        }
        #expect(written["deletion_time"] == .string(kv.time.now().adding(seconds: seconds).description))
        kv.time.advance(seconds: seconds - 1)
        #expect(await state(kv, 1) == "live")
        kv.time.advance(seconds: 1)
        #expect(await state(kv, 1) == "deleted")
        #expect(await kv.refusal(.patch, "data/a", #"{"data":{"x":1}}"#)?.code == .notFound)
        try await kv.send(.update, "undelete/a", #"{"versions":[1]}"#)
        #expect(await state(kv, 1) == "live")
    }
}
