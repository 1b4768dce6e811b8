import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("KV version 2: metadata and settings")
struct MetadataTests {
    @Test("shows all that is known about a secret")
    func shape() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "metadata/a", #"{"custom_metadata":{"owner":"ops","tier":1},"delete_version_after":"768h"}"#)
        kv.time.advance(seconds: 1)
        try await kv.send(.update, "data/a", #"{"data":{}}"#, as: "ann")
        #expect(
            try await kv.text(.read, "metadata/a")
                == #"{"cas_required":false,"created_time":"2023-11-14T22:13:20.000000000Z","current_version":1,"#
                + #""custom_metadata":{"owner":"ops","tier":"1"},"delete_version_after":"768h0m0s","max_versions":0,"#
                + #""oldest_version":0,"updated_time":"2023-11-14T22:13:21.000000000Z","versions":{"1":{"created_by":"ann","#
                + #""created_time":"2023-11-14T22:13:21.000000000Z","deletion_time":"2023-12-16T22:13:21.000000000Z","#
                + #""destroyed":false}}}"#)
        let read = try await kv.data(.read, "data/a")
        #expect(read["metadata"]?["custom_metadata"] == ["owner": "ops", "tier": "1"])
    }

    @Test("metadata can come before the first version, which then is missing")
    func metadataOnly() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "metadata/a", #"{"cas_required":true,"max_versions":7}"#)
        let metadata = try await kv.data(.read, "metadata/a")
        #expect(metadata["versions"] == [:])
        #expect(metadata["custom_metadata"] == .null)
        #expect(metadata["current_version"] == 0)
        #expect(metadata["max_versions"] == 7)
        for route in ["data", "subkeys"] {
            let refusal = await kv.refusal(.read, "\(route)/a")
            #expect(refusal?.code == .notFound)
            #expect(refusal?.data == nil)
        }
        #expect(await kv.refusal(.patch, "data/a", #"{"data":{},"options":{"cas":0}}"#)?.code == .notFound)
        #expect(try await kv.keys("metadata/") == ["a"])
    }

    @Test("a write without a field changes nothing and creates nothing")
    func emptyWrite() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "metadata/a", "{}")
        try await kv.send(.update, "config", "{}")
        #expect(try await kv.records().isEmpty)
    }

    @Test("an update replaces custom_metadata whole and leaves what was not sent")
    func update() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "metadata/a", #"{"custom_metadata":{"a":"1","b":"2"},"max_versions":3}"#)
        try await kv.send(.update, "metadata/a", #"{"custom_metadata":{"c":"3"}}"#)
        let metadata = try await kv.data(.read, "metadata/a")
        #expect(metadata["custom_metadata"] == ["c": "3"])
        #expect(metadata["max_versions"] == 3)
        try await kv.send(.update, "metadata/a", #"{"custom_metadata":{}}"#)
        #expect(try await kv.data(.read, "metadata/a")["custom_metadata"] == .null)
    }

    @Test(
        "a patch merges custom_metadata, and null removes",
        arguments: [
            (#"{"custom_metadata":{"b":"3"}}"#, #"{"a":"1","b":"3"}"#), (#"{"custom_metadata":{"a":null}}"#, #"{"b":"2"}"#),
            (#"{"custom_metadata":{"x":null,"c":"4"}}"#, #"{"a":"1","b":"2","c":"4"}"#),
            (#"{"custom_metadata":{"a":null,"b":null}}"#, "null"), (#"{"custom_metadata":null}"#, "null"),
            (#"{"max_versions":9}"#, #"{"a":"1","b":"2"}"#), ("{}", #"{"a":"1","b":"2"}"#),
        ])
    func patch(body: String, expected: String) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "metadata/a", #"{"custom_metadata":{"a":"1","b":"2"}}"#)
        try await kv.send(.patch, "metadata/a", body)
        #expect(try await kv.data(.read, "metadata/a")["custom_metadata"] == JSON(parsing: expected))
    }

    @Test("a patch takes settings back to their defaults with null")
    func patchNull() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "metadata/a", #"{"max_versions":3,"cas_required":true,"delete_version_after":60}"#)
        try await kv.send(.patch, "metadata/a", #"{"max_versions":null,"cas_required":null,"delete_version_after":null}"#)
        let metadata = try await kv.data(.read, "metadata/a")
        #expect(metadata["max_versions"] == 0)
        #expect(metadata["cas_required"] == false)
        #expect(metadata["delete_version_after"] == "0s")
    }

    @Test("a patch of what is not there is a 404")
    func patchMissing() async throws {
        let kv = try KVDriver()
        #expect(await kv.refusal(.patch, "metadata/a", #"{"max_versions":1}"#)?.code == .notFound)
        #expect(try await kv.records().isEmpty)
    }

    private static let badMetadata: [(String, String)] = [
        (
            "{" + (0...64).map { #""k\#($0)":"v""# }.joined(separator: ",") + "}",
            "payload must contain at most 64 keys, provided 65"
        ),
        (#"{"\#(String(repeating: "k", count: 129))":"v"}"#, "length of a key is 129 but must be 0 < len(key) <= 128"),
        (#"{"":"v"}"#, "length of a key is 0 but must be 0 < len(key) <= 128"),
        (
            #"{"k":"\#(String(repeating: "v", count: 513))"}"#,
            #"length of value for key "k" is 513 but must be 0 < len(value) <= 512"#
        ),
        (#"{"k":""}"#, #"length of value for key "k" is 0 but must be 0 < len(value) <= 512"#),
        (#"{"k":"a\u0007b"}"#, #"value for key "k" contains unprintable characters"#),
        (#"{"k\n":"v"}"#, "a key contains unprintable characters"), (#"{"k":{"hunter2":1}}"#, "every value must be a string"),
    ]

    @Test("refuses custom_metadata beyond its limits, by name", arguments: badMetadata)
    func limits(object: String, message: String) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "metadata/a", #"{"custom_metadata":{"old":"kept"}}"#)
        for operation in [Operation.update, .patch] {
            let refusal = await kv.refusal(operation, "metadata/a", #"{"custom_metadata":\#(object)}"#)
            #expect(refusal?.code == .invalidRequest)
            #expect(refusal?.message == "custom_metadata validation failed: " + message)
        }
        #expect(try await kv.data(.read, "metadata/a")["custom_metadata"] == ["old": "kept"])
    }

    @Test("patches cannot add up beyond the limit of keys")
    func limitAfterPatch() async throws {
        let kv = try KVDriver()
        let half = { (name: String) in "{" + (1...40).map { #""\#(name)\#($0)":"v""# }.joined(separator: ",") + "}" }
        try await kv.send(.update, "metadata/a", #"{"custom_metadata":\#(half("a"))}"#)
        #expect(await kv.refusal(.patch, "metadata/a", #"{"custom_metadata":\#(half("b"))}"#)?.code == .invalidRequest)
    }

    @Test("takes keys and values of exactly the allowed size")
    func atTheLimit() async throws {
        let kv = try KVDriver()
        let members = (10..<74).map { #""\#($0)\#(String(repeating: "k", count: 126))":"\#(String(repeating: "v", count: 512))""# }
        try await kv.send(.update, "metadata/a", #"{"custom_metadata":{\#(members.joined(separator: ","))}}"#)
        #expect(try await kv.data(.read, "metadata/a")["custom_metadata"]?.objectValue?.count == 64)
    }

    @Test(
        "refuses settings of the wrong type or size",
        arguments: [
            (#"{"max_versions":-1}"#, "field 'max_versions' must be between 0 and 1000"),
            (#"{"max_versions":1001}"#, "field 'max_versions' must be between 0 and 1000"),
            (#"{"max_versions":"hunter2"}"#, "field 'max_versions' must be a whole number"),
            (#"{"cas_required":"hunter2"}"#, "field 'cas_required' must be a boolean"),
        ])
    func badSettings(body: String, message: String) async throws {
        let kv = try KVDriver()
        for path in ["config", "metadata/a"] {
            #expect(await kv.refusal(.update, path, body)?.message == message)
        }
        #expect(try await kv.records().isEmpty)
    }

    @Test("refuses absurd lifetimes", arguments: ["1.5s", "hunter2", "99999999999", "1h-2m", "--1s", "-x"])
    func badLifetimes(text: String) async throws {
        let kv = try KVDriver()
        for path in ["config", "metadata/a"] {
            let refusal = await kv.refusal(.update, path, #"{"delete_version_after":"\#(text)"}"#)
            #expect(refusal?.code == .invalidRequest)
            #expect(refusal?.message.hasPrefix("field 'delete_version_after' must be a duration") == true)
        }
        #expect(await kv.refusal(.update, "metadata/a", #"{"delete_version_after":"-1s"}"#)?.code == .invalidRequest)
    }

    @Test("settings start at Vault's defaults and keep what is not sent")
    func settings() async throws {
        let kv = try KVDriver()
        #expect(try await kv.text(.read, "config") == #"{"cas_required":false,"delete_version_after":"0s","max_versions":0}"#)
        try await kv.send(.update, "config", #"{"max_versions":5,"delete_version_after":"768h"}"#)
        try await kv.send(.update, "config", #"{"cas_required":true}"#)
        #expect(try await kv.text(.read, "config") == #"{"cas_required":true,"delete_version_after":"768h0m0s","max_versions":5}"#)
        try await kv.send(.update, "config", #"{"delete_version_after":-1}"#)
        #expect(try await kv.data(.read, "config")["delete_version_after"] == "-1s")
        try await kv.send(.update, "config", #"{"delete_version_after":0,"max_versions":0}"#)
        #expect(try await kv.text(.read, "config") == #"{"cas_required":true,"delete_version_after":"0s","max_versions":0}"#)
    }

    @Test("warns that a secret cannot waive what the mount demands", arguments: [Operation.update, .patch])
    func waived(operation: Operation) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "metadata/a", #"{"cas_required":true}"#)
        #expect(try await kv.send(operation, "metadata/a", #"{"cas_required":false}"#).warnings.isEmpty)
        try await kv.send(.update, "config", #"{"cas_required":true}"#)
        let response = try await kv.send(operation, "metadata/a", #"{"cas_required":false}"#)
        #expect(response.warnings.count == 1)
    }
}
