import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Bounds and bad input")
struct BoundsTests {
    private static func long(_ count: Int) -> JSON { .string(String(repeating: "a", count: count)) }

    @Test(
        "what is too long or has control characters is refused, and the answer names the field and not the text",
        arguments: [
            ("name", long(513)), ("provider", long(129)), ("secret_type", long(129)), ("label", long(129)),
            ("description", long(4_097)), ("tags", .array([long(129)])), ("tags", .strings((0..<51).map { "t\($0)" })),
            ("name", "canary\n"), ("name", "canary\u{0}"), ("name", "canary\u{7F}"), ("name", "canary\u{85}"),
            ("provider", "canary\t"), ("secret_type", "canary\r"), ("label", "canary\u{1B}"), ("tags", ["canary\n"]),
            ("description", "canary\u{0}"), ("description", "canary\u{9F}"), ("expires_at", "canary"), ("expires_at", true),
            ("expires_at", "2026-02-30"), ("expires_at", "2026-13-01"), ("expires_at", "2026-01-01T25:00:00Z"),
            ("expires_at", "1969-12-31"), ("expires_at", "2251-01-01"), ("expires_at", 9_999_999_999_999), ("expires_at", -1),
            ("expires_at", "2026-01-01T00:00:00+99:00"), ("expires_at", "1e9"), ("expires_at", ["canary"]),
        ] as [(String, JSON)])
    func refused(field: String, value: JSON) async throws {
        let driver = UserSecretsDriver()
        do {
            try await driver.store("u1", value: "canary-value", JSONObject([.init(key: field, value: value)]))
            Issue.record("accepted")
        } catch {
            let refusal = CofferError(wrapping: error)
            #expect(refusal.reason == "invalid_field")
            #expect(refusal.text.contains("'\(field)'"))
            #expect(!refusal.text.contains("canary"))
        }
        #expect(try await driver.records().isEmpty)
    }

    @Test("direction marks, marks of other scripts and lines of a description are kept as they are")
    func kept() async throws {
        let driver = UserSecretsDriver()
        let name = "\u{202E}abc \u{200F}שלום e\u{301} 👩‍👩‍👧"
        let stored = try await driver.store("u1", ["name": .string(name), "description": "a\r\n\tb"])
        #expect(stored["name"]?.stringValue.map { Array($0.utf8) } == Array(name.utf8))
        #expect(stored["description"] == "a\r\n\tb")
    }

    @Test("a value has at most 64 KiB")
    func longValue() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id(value: String(repeating: "x", count: 65_536))
        #expect(try await driver.value(id)?.utf8.count == 65_536)
        #expect(await driver.refusal(.update, "u1/secrets/\(id)", ["value": Self.long(65_537)])?.reason == "limit")
        #expect(try await driver.value(id)?.utf8.count == 65_536)
    }

    @Test(
        "times of every form are read as UTC",
        arguments: [
            ("2026-11-30T08:04:14.754683", "2026-11-30T08:04:14.754683000Z"),
            ("2026-11-30T08:04:14.7546839Z", "2026-11-30T08:04:14.754683000Z"),
            ("2026-11-30 08:04:14-01:30", "2026-11-30T09:34:14.000000000Z"), ("2026-11-30T08:04", "2026-11-30T08:04:00.000000000Z"),
            ("2028-02-29", "2028-02-29T00:00:00.000000000Z"), (1_796_025_854, "2026-11-30T08:04:14.000000000Z"),
            ("1796025854.5", "2026-11-30T08:04:14.500000000Z"), ("2026-11-30T08:04:14+0200", "2026-11-30T06:04:14.000000000Z"),
        ] as [(JSON, JSON)])
    func times(sent: JSON, shown: JSON) async throws {
        #expect(try await UserSecretsDriver().store("u1", ["expires_at": sent])["expires_at"] == shown)
    }

    @Test(
        "an id that is none is answered as one that does not exist",
        arguments: ["x", "..x", String(repeating: "0", count: 36), "0CEA4C6B-8F0E-4B2F-9D8B-5C1F2A3B4C5D"])
    func badID(id: String) async throws {
        let driver = UserSecretsDriver()
        try await driver.store()
        for (operation, path) in [
            (EngineKit.Operation.read, "u1/secrets/\(id)"), (.update, "u1/secrets/\(id)"), (.delete, "u1/secrets/\(id)"),
            (.update, "u1/secrets/\(id)/reveal"),
        ] {
            let refusal = await driver.refusal(operation, path)
            #expect(refusal?.code == .notFound)
            #expect(refusal?.messages == [])
        }
    }

    @Test("an owner cannot be a word of the operator's paths", arguments: ["config", "owners", "rotation"])
    func reserved(owner: String) async throws {
        #expect(
            await UserSecretsDriver().refusal(.read, owner + "/secrets/0d54fb4b-2f22-478a-b658-b85e836cfdec")?.reason
                == "invalid_field")
    }

    @Test("a hundred secrets of one provider and type are the most")
    func labelsMax() async throws {
        let driver = UserSecretsDriver()
        for number in 0..<100 { try await driver.store("u1", ["label": .string("l\(number)")]) }
        do {
            try await driver.store("u1", ["label": "more"])
            Issue.record("accepted")
        } catch let error as CofferError {
            #expect(error.reason == "limit")
        }
        #expect(try await driver.list().count == 100)
    }

    @Test("more secrets than an owner may have are refused")
    func secretsMax() async throws {
        let driver = UserSecretsDriver()
        try await driver.store()
        try await driver.overwrite("owned/u1/counts", Array(#"{"secrets":20000,"pairs":1}"#.utf8))
        #expect(
            await driver.refusal(.update, "u1/secrets", ["name": "n", "provider": "p", "secret_type": "t", "value": "v"])?.reason
                == "limit")
        #expect(try await driver.store()["created"] == false)
        try await driver.overwrite("owned/u1/counts", Array(#"{"secrets":1,"pairs":25000}"#.utf8))
        #expect(
            await driver.refusal(.update, "u1/secrets", ["name": "n", "provider": "p", "secret_type": "t", "value": "v"])?.reason
                == "limit")
    }
}
