import EngineKit
import KVEngine
import Syntax
import TestSupport
import Testing

@Suite("KV version 2: reading and writing")
struct DataTests {
    @Test("answers a write with the metadata of the version, and a read with data and metadata")
    func shapes() async throws {
        let kv = try KVDriver()
        let metadata =
            #"{"created_by":"root","created_time":"2023-11-14T22:13:20.000000000Z","custom_metadata":null,"deletion_time":"","#
            + #""destroyed":false,"version":1}"#
        #expect(try await kv.text(.update, "data/db", #"{"data":{"user":"u","port":5432}}"#) == metadata)
        #expect(try await kv.text(.read, "data/db") == #"{"data":{"user":"u","port":5432},"metadata":"# + metadata + "}")
    }

    @Test(
        "gives every value back as it was sent",
        arguments: [
            #"{"n":1.0}"#, #"{"n":1e400}"#, #"{"n":12345678901234567890}"#, #"{"n":-0}"#, #"{"n":-0.0e-0}"#, #"{}"#,
            #"{"":""}"#, #"{"é":"ü","日本":"\u0000\n\"\\"}"#, #"{"e":"😀"}"#, #"{"a":[1,[2,{"b":[]}],null,true,false]}"#,
            #"{"b":1,"a":2,"B":3}"#,
            #"{"deep":"# + String(repeating: #"{"x":"#, count: 50) + "1" + String(repeating: "}", count: 51),
        ])
    func fidelity(text: String) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "data/a", #"{"data":\#(text)}"#)
        for _ in 1...2 {
            #expect(try await kv.text(.read, "data/a", query: ["version": "1"]).hasPrefix(#"{"data":\#(text),"metadata":"#))
            // The second time it comes out of the archive.
            try await kv.send(.update, "data/a", #"{"data":{"other":1}}"#)
        }
    }

    @Test("keeps a secret apart from the folder of the same name")
    func leafAndFolder() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "data/a", #"{"data":{"n":1}}"#)
        try await kv.send(.update, "data/a/b", #"{"data":{"n":2}}"#)
        try await kv.send(.update, "data/a/0000000000000001", #"{"data":{"n":3}}"#)
        try await kv.send(.update, "data/a", #"{"data":{"n":4}}"#)
        #expect(try await kv.data(.read, "data/a", query: ["version": "1"])["data"]?["n"] == 1)
        #expect(try await kv.data(.read, "data/a/b")["data"]?["n"] == 2)
        #expect(try await kv.data(.read, "data/a/0000000000000001")["data"]?["n"] == 3)
        try await kv.send(.delete, "metadata/a")
        #expect(try await kv.data(.read, "data/a/b")["data"]?["n"] == 2)
        #expect(try await kv.keys("metadata/") == ["a/"])
    }

    @Test(
        "reads any version that is kept, the newest for 0 and none", arguments: [("1", 1), ("2", 2), ("3", 3), ("0", 3)])
    func versions(query: String, number: Int) async throws {
        let kv = try KVDriver()
        for number in 1...3 { try await kv.send(.update, "data/a", #"{"data":{"n":\#(number)}}"#, as: "writer-\(number)") }
        let answer = try await kv.data(.read, "data/a", query: ["version": query])
        #expect(answer["data"]?["n"] == .int(number))
        #expect(answer["metadata"]?["version"] == .int(number))
        #expect(answer["metadata"]?["created_by"] == .string("writer-\(number)"))
    }

    @Test("refuses a version below 0", arguments: ["data/a", "subkeys/a"], ["-1", "-9223372036854775808"])
    func negativeVersions(path: String, version: String) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "data/a", #"{"data":{"n":1}}"#)
        #expect(await kv.refusal(.read, path, query: ["version": version])?.code == .invalidRequest)
    }

    @Test("has nothing to say of what never was", arguments: [("data/b", ""), ("data/a", "2"), ("data/a", "9223372036854775807")])
    func missing(path: String, version: String) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "data/a", #"{"data":{}}"#)
        let refusal = await kv.refusal(.read, path, query: version.isEmpty ? [:] : ["version": version])
        #expect(refusal?.code == .notFound)
        #expect(refusal?.messages == [])
        #expect(refusal?.data == nil)
    }

    @Test(
        "refuses a malformed write by the name of its field, never its value",
        arguments: [
            ("{}", "no data provided"), (#"{"data":null}"#, "no data provided"),
            (#"{"password":"hunter2"}"#, "no data provided"),
            (#"{"data":"hunter2"}"#, "field 'data' must be an object"),
            (#"{"data":["hunter2"]}"#, "field 'data' must be an object"),
            (#"{"data":{},"options":"hunter2"}"#, "field 'options' must be an object"),
            (#"{"data":{},"options":{"cas":"hunter2"}}"#, "error parsing check-and-set parameter"),
            (#"{"data":{},"options":{"cas":1.5}}"#, "error parsing check-and-set parameter"),
            (#"{"data":{},"options":{"cas":{}}}"#, "error parsing check-and-set parameter"),
            (#"{"data":{},"options":{"cas":99999999999999999999}}"#, "error parsing check-and-set parameter"),
        ])
    func malformed(body: String, message: String) async throws {
        let kv = try KVDriver()
        for operation in [Operation.update, .patch] {
            let refusal = await kv.refusal(operation, "data/a", body)
            #expect(refusal?.code == .invalidRequest)
            #expect(refusal?.message == message)
        }
        #expect(try await kv.records().isEmpty)
    }

    @Test("refuses to work without the name of a secret", arguments: [Operation.read, .update, .patch, .delete])
    func noPath(operation: Operation) async throws {
        let kv = try KVDriver()
        for path in ["data", "metadata"] {
            #expect(await kv.refusal(operation, path, #"{"data":{}}"#)?.message == "missing path: name a secret below the mount")
        }
    }

    @Test("writes first as a create and then as an update")
    func createOrUpdate() async throws {
        let kv = try KVDriver()
        let path = try #require(kv.engine.paths.first { $0.pattern.description == "data/{path...}" })
        let request = Request(
            id: "1", operation: .update, path: try CanonicalPath(decoded: "secret/data/a"), mountPath: "secret/",
            captures: Captures([("path", "a")]))
        #expect(try await path.exists?(request) == false)
        try await kv.send(.update, "metadata/a", #"{"max_versions":3}"#)
        #expect(try await path.exists?(request) == true)
    }

    @Test("every path tells what it does, for help and the API document")
    func declarations() throws {
        for version in [1, 2] {
            for path in try KVDriver(version: version).engine.paths {
                #expect(!path.summary.isEmpty)
                #expect(path.fields.allSatisfy { !$0.details.isEmpty })
                #expect(path.endpoints.values.allSatisfy { !$0.summary.isEmpty })
            }
        }
    }

    @Test("a mount is version 1 unless its options ask for 2", arguments: [([:], 1), (["version": "1"], 1), (["version": "2"], 8)])
    func chosenVersion(options: [String: String], paths: Int) throws {
        #expect(try KVDriver(KVEngine.description, options: options).engine.paths.count == paths)
    }

    @Test("refuses a version of the engine that is not there")
    func unknownVersion() {
        #expect(throws: CofferError.self) { try KVDriver(KVEngine.description, options: ["version": "3"]) }
    }
}
