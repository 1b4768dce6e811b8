import EngineKit
import Syntax
import Testing

@Suite("KV version 2: patching and subkeys")
struct PatchTests {
    @Test(
        "follows RFC 7386 for every object of its appendix",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#), (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            (#"{}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
            (#"{"a":1.0,"b":1e400}"#, #"{"c":-0}"#, #"{"a":1.0,"b":1e400,"c":-0}"#), (#"{"a":1}"#, #"{}"#, #"{"a":1}"#),
            (#"{"a":1}"#, #"{"a":{"b":null,"c":2}}"#, #"{"a":{"c":2}}"#),
            (#"{"a":[null]}"#, #"{"b":[null]}"#, #"{"a":[null],"b":[null]}"#),
        ])
    func vectors(target: String, patch: String, result: String) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "data/a", #"{"data":\#(target)}"#)
        #expect(try await kv.data(.patch, "data/a", #"{"data":\#(patch)}"#, as: "ann")["version"] == 2)
        #expect(try await kv.text(.read, "data/a").hasPrefix(#"{"data":\#(result),"metadata":{"created_by":"ann""#))
        #expect(try await kv.text(.read, "data/a", query: ["version": "1"]).hasPrefix(#"{"data":\#(target),"#))
    }

    @Test("patches only what is there; of what is gone it tells the fate")
    func gone() async throws {
        let kv = try KVDriver()
        let missing = await kv.refusal(.patch, "data/a", #"{"data":{}}"#)
        #expect(missing?.code == .notFound)
        #expect(missing?.data == nil)
        try await kv.send(.update, "data/a", #"{"data":{"x":1}}"#)
        try await kv.send(.delete, "data/a")
        let deleted = await kv.refusal(.patch, "data/a", #"{"data":{}}"#)
        #expect(deleted?.code == .notFound)
        #expect(try deleted?.data?.parsed()["version"] == 1)
        try await kv.send(.update, "destroy/a", #"{"versions":[1]}"#)
        #expect(try await kv.refusal(.patch, "data/a", #"{"data":{}}"#)?.data?.parsed()["destroyed"] == true)
        #expect(try await kv.data(.read, "metadata/a")["current_version"] == 1)
    }

    @Test("merges large objects without a search for each member", .timeLimit(.minutes(10)))
    func large() async throws {
        let kv = try KVDriver()
        let members = { (value: Int) in (0..<30_000).map { #""k\#($0)":\#(value)"# }.joined(separator: ",") }
        try await kv.send(.update, "data/a", #"{"data":{\#(members(1))}}"#)
        try await kv.send(.patch, "data/a", #"{"data":{\#(members(2))}}"#)
        #expect(try await kv.text(.read, "data/a").hasPrefix(#"{"data":{\#(members(2))},"#))
    }

    @Test(
        "shows the names inside a secret down to a depth, and no value",
        arguments: [
            ("0", #"{"a":null,"b":{"c":{"d":null},"e":null},"f":null,"g":null}"#), ("1", #"{"a":null,"b":null,"f":null,"g":null}"#),
            ("2", #"{"a":null,"b":{"c":null,"e":null},"f":null,"g":null}"#),
            ("3", #"{"a":null,"b":{"c":{"d":null},"e":null},"f":null,"g":null}"#),
            ("99999", #"{"a":null,"b":{"c":{"d":null},"e":null},"f":null,"g":null}"#),
        ])
    func subkeys(depth: String, expected: String) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "data/a", #"{"data":{"a":1,"b":{"c":{"d":"x"},"e":[{"hidden":1}]},"f":{},"g":null}}"#)
        try await kv.send(.update, "data/a", #"{"data":{"other":1}}"#)
        let text = try await kv.text(.read, "subkeys/a", query: ["version": "1", "depth": depth])
        #expect(text.hasPrefix(#"{"subkeys":\#(expected),"metadata":{"created_by":"root","#))
        #expect(try await kv.data(.read, "subkeys/a")["subkeys"] == ["other": .null])
    }

    @Test("subkeys of a deleted version are a 404 that says so; a negative depth is refused")
    func subkeysRefused() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "data/a", #"{"data":{"a":1}}"#)
        #expect(await kv.refusal(.read, "subkeys/a", query: ["depth": "-1"])?.code == .invalidRequest)
        try await kv.send(.delete, "data/a")
        #expect(await kv.refusal(.read, "subkeys/a")?.dataText?.hasPrefix(#"{"subkeys":null,"metadata":{"#) == true)
    }
}
