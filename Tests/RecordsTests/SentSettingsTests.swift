import EngineKit
import Records
import Syntax
import Testing

/// A record with a setting that an empty text keeps.
private struct Kept: SettingsRecord, Hashable {
    var life = ""
    var isOn = false
    var secret = "x"

    static let settings = Settings(
        new: Kept(), Setting("life", \.life, as: .text.keptByEmptyText, old: .accepted("old_life"), help: "Life."),
        Setting("on", \.isOn, as: .flag, help: "On."), Setting("secret", \.secret, as: .text.hidden, help: "Secret."))
}

@Suite("What a request sends of settings")
struct SentSettingsTests {
    private func updated(_ sent: JSONObject, from kept: Kept = Kept(life: "1m")) throws -> Kept {
        var kept = kept
        try kept.update(try Fields(validating: sent, as: Kept.settings.fields))
        return kept
    }

    @Test("an empty text keeps what is set where the kind says so, and lets an old name count")
    func emptyText() throws {
        #expect(try updated(["life": ""]).life == "1m" && updated(["life": "", "old_life": ""]).life == "1m")
        #expect(
            try updated(["life": "", "old_life": "2m"]).life == "2m" && updated(["life": "3m", "old_life": "2m"]).life == "3m")
        #expect(try updated(["secret": ""]).secret == "")
    }

    @Test("the inputs of a path that makes a record have the defaults of a new one")
    func making() throws {
        let fields = Kept.settings.newFields("on", "secret")
        #expect(fields.map(\.name) == ["on", "secret"] && fields.map(\.initial) == [false, "x"])
        #expect(Kept.settings.fields("on", "secret").map(\.initial) == [nil, nil])
    }
}
