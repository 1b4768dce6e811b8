import DatabaseClients
import EngineKit
import TestSupport
import Testing

@testable import Databases

@Suite("Username templates")
struct UsernameTemplateTests {
    static let time = Timestamp(seconds: 1_795_242_047)  // 2026-11-21T06:20:47Z

    static func name(_ template: String, display: String = "token-bob", role: String = "readonly", max: Int = 63) throws -> String {
        try UsernameTemplate(template).make(
            .init(displayName: display, roleName: role, time: time), randomness: SeededRandomness(seed: 1), bytesMax: max)
    }

    @Test(
        "understands what Vault's templates use",
        arguments: [
            ("v-{{.RoleName}}", "v-readonly"), ("{{ .DisplayName | uppercase }}", "TOKEN-BOB"),
            ("{{.RoleName | truncate 4}}", "read"),
            (#"{{ printf "a-%s-%s" .RoleName (.DisplayName | truncate 3) }}"#, "a-readonly-tok"), ("{{unix_time}}", "1795242047"),
            (#"{{ .RoleName | replace "only" "-write" }}"#, "read-write"),
            (#"{{ replace "o" "0" .RoleName | lowercase }}"#, "read0nly"),
            (#"{{ timestamp "20060102-150405" }}"#, "20261121-062047"), (#"{{ printf "%s-%d" "x" 7 }}"#, "x-7"),
            ("{{ `raw` }}-x", "raw-x"), ("a {{- .RoleName -}} b", "areadonlyb"), (#"{{ printf "%s" unix_time }}"#, "1795242047"),
            ("{{ unix_time_millis | truncate 10 }}", "1795242047"), (#"{{ .RoleName | truncate_sha256 20 }}"#, "readonly"),
            (#"{{ "abc" | sha256 | truncate 8 }}"#, "ba7816bf"),
        ])
    func evaluates(template: String, expected: String) throws {
        #expect(try Self.name(template) == expected)
    }

    @Test("the plugins' own templates make names as Vault does")
    func standard() throws {
        let name = try Self.name(DatabasePlugin.postgreSQL.usernameTemplate, display: "token-bobby", role: "readonly-app")
        #expect(name.wholeMatch(of: /v-token-bo-readonly-[A-Za-z0-9]{20}-1795242047/) != nil)
        let long = try Self.name(
            DatabasePlugin.postgreSQL.usernameTemplate, display: String(repeating: "d", count: 300),
            role: String(repeating: "r", count: 128))
        #expect(long.utf8.count <= 63)
        #expect(try Self.name(DatabasePlugin.redis.usernameTemplate, max: 128).hasPrefix("V-TOKEN-BOB-READONLY-"))
    }

    @Test("random draws differ, in letters and digits")
    func random() throws {
        let template = try UsernameTemplate("{{random 32}}")
        let randomness = SeededRandomness(seed: 4)
        let names = try (0..<50).map { _ in
            try template.make(.init(displayName: "", roleName: "r", time: Self.time), randomness: randomness, bytesMax: 63)
        }
        #expect(Set(names).count == 50 && names.allSatisfy { $0.wholeMatch(of: /[A-Za-z0-9]{32}/) != nil })
    }

    @Test("names that were cut differently stay apart")
    func truncatesWithDigest() throws {
        let one = try Self.name("{{.DisplayName | truncate_sha256 20}}", display: String(repeating: "a", count: 40) + "1")
        let two = try Self.name("{{.DisplayName | truncate_sha256 20}}", display: String(repeating: "a", count: 40) + "2")
        #expect(one != two && one.utf8.count == 20 && two.utf8.count == 20)
    }

    @Test(
        "refuses templates that it does not understand",
        arguments: [
            "{{", "{{.Other}}", "{{if .RoleName}}x{{end}}", "{{range .X}}", "{{.RoleName", "{{printf \"%q\" .RoleName}}",
            "{{printf \"%s\"}}", "{{printf \"x\" .RoleName}}", "{{random}}", "{{random 0}}", "{{random 9999}}", "{{random \"8\"}}",
            "{{truncate 8}}", "{{.RoleName | truncate 0}}", "{{ \"a }}", "{{ \"\\n\" }}", "{{ (.RoleName }}", "{{}}", "{{|}}",
            "{{call .X}}", "{{ html .RoleName }}", "{{ .RoleName | }}", "{{ replace \"\" \"x\" .RoleName }}",
        ])
    func refuses(template: String) {
        #expect(throws: DatabaseError.self) { try UsernameTemplate(template) }
    }

    @Test(
        "refuses names that no statement should hold",
        arguments: ["a b", "{{.RoleName}}';--", "{{.RoleName}}\"", "a\\b", "naïve", "{{ \"$$\" }}", "a\nb", "", "a;b"])
    func refusesNames(template: String) {
        #expect(throws: DatabaseError.self) { try Self.name(template) }
    }

    @Test("what a caller calls itself never gets into a name as it is", arguments: Injections.all)
    func cleansDisplayNames(display: String) throws {
        let name = try Self.name("v-{{.DisplayName}}-x", display: display, max: 512)
        #expect(SafeName.isSafe(name))
    }

    @Test("refuses a name that is longer than the database keeps")
    func refusesLongNames() {
        #expect(throws: DatabaseError.self) { try Self.name("{{random 64}}", max: 63) }
    }

    @Test("is bounded in length, depth and parts")
    func bounded() {
        #expect(throws: DatabaseError.self) { try UsernameTemplate(String(repeating: "a", count: 2_049)) }
        #expect(throws: DatabaseError.self) {
            try UsernameTemplate("{{" + String(repeating: "(", count: 20) + ".RoleName" + String(repeating: ")", count: 20) + "}}")
        }
        #expect(throws: DatabaseError.self) { try UsernameTemplate(String(repeating: "{{unix_time}}", count: 300)) }
        #expect(throws: DatabaseError.self) {
            try UsernameTemplate("{{ .DisplayName" + String(repeating: " | replace \"x\" \"xxxxxxxx\"", count: 5) + "}}")
        }
    }
}
