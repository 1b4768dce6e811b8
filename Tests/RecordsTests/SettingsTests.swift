import EngineKit
import Records
import Syntax
import Testing

/// A record with a setting of every kind.
struct Sample: Record, Hashable {
    enum Color: String, CaseIterable {
        case red, green
    }

    struct Limits: SettingsRecord, Hashable {
        var most: Int?
        var waits: Int?

        static let settings = Settings(
            new: Limits(), Setting("limit_most", \.most, as: .optional(.count(0...9)), stored: "most", help: "Most."),
            Setting("limit_wait", \.waits, as: .optional(.duration), stored: "wait", help: "Wait."))
    }

    struct Part: SettingsRecord, Hashable {
        var life = 0
        var names: [String] = []
        var written: Set<String> = []

        static let settings = Settings(
            new: Part(),
            Setting("part_life", \.life, as: .duration, stored: "life", old: .remembered("life", in: \.written), help: "Life."),
            Setting(
                "part_names", \.names,
                as: .names { names, name throws(CofferError) in
                    guard names.count <= 2 else { throw .invalid("field '\(name)' may have 2 names") }
                    return names.sorted()
                }, old: .remembered("names", in: \.written), help: "Names."),
            .kept("written", \.written, as: .set))

        func check() throws(CofferError) {
            guard life != 13 else { throw .invalid("the part may not live 13 seconds") }
        }
    }

    var id = ""
    var isOn = true
    var isFinal = false
    var isAllowed = true
    var count = 3
    var ttl = 60
    var text = "a"
    var level = "low"
    var color = Color.red
    var names: [String] = []
    var label = ""
    var secret = ""
    var note: String?
    var limits = Limits()
    var part = Part()
    var details = JSONObject()
    var tags: [String: String] = [:]
}

extension Sample: SettingsRecord {
    static let settings = Settings(
        new: Sample(), sortsShown: true, .kept("id", \.id, as: .text, isShown: true),
        Setting("on", \.isOn, as: .flag, stored: "o", help: "On."), Setting("final", \.isFinal, as: .latch, help: "Final."),
        Setting("disallow", \.isAllowed, as: .inverted, stored: "allowed", help: "Disallow."),
        Setting("count", \.count, as: .count(1...5), old: .shown("old_count"), help: "Count."),
        Setting(
            "ttl", \.ttl,
            as: .duration { seconds, name throws(CofferError) in
                guard seconds < 100 else { throw .invalid("field '\(name)' may be 99 seconds") }
            }, isKept: false, help: "Life."),
        Setting(
            "text", \.text,
            as: .text { text, name throws(CofferError) in
                guard text.utf8.count < 4 else { throw .invalid("field '\(name)' may have 3 bytes") }
            }, help: "Text."),
        Setting("level", \.level, as: .choice(["low", "high"], empty: "low"), help: "Level."),
        Setting("color", \.color, as: .choice(empty: .green), help: "Color."),
        Setting("names", \.names, as: .names.shownUnlessEmpty, old: .accepted("old_names"), help: "Names."),
        Setting("label", \.label, as: .text.shownUnlessEmpty, shown: "shown_label", help: "Label."),
        Setting("secret", \.secret, as: .text.hidden, help: "Secret."), .kept("note", \.note, as: .optional(.text)),
        Setting("limits", \.limits, as: .members, help: "Limits."),
        .group(\.part, stored: "inner", oldNames: ["life"]), .kept("details", \.details, as: .object),
        Setting("tags", \.tags, as: .map, help: "Tags."))

    func check() throws(CofferError) {
        guard isOn || count == 3 else { throw .invalid("what is off counts to 3") }
    }
}

@Suite("Settings that are declared once")
struct SettingsTests {
    private func fields(_ sent: JSONObject) throws -> Fields { try Fields(validating: sent, as: Sample.settings.fields) }

    private func updated(_ sent: JSONObject, from sample: Sample = Sample()) throws -> Sample {
        var sample = sample
        try sample.update(try fields(sent))
        return sample
    }

    private func refusal(_ sent: JSONObject) -> String? {
        do {
            _ = try updated(sent)
            return nil
        } catch {
            return (error as? CofferError)?.messages.first
        }
    }

    private func text(_ object: JSONObject) -> String { String(decoding: object.encoded(), as: UTF8.self) }

    @Test("fields are declared in order, each followed by the old name that is taken")
    func declared() {
        let fields = Sample.settings.fields
        #expect(
            fields.map(\.name) == [
                "on", "final", "disallow", "count", "old_count", "ttl", "text", "level", "color", "names", "old_names", "label",
                "secret", "limits", "part_life", "life", "part_names", "tags",
            ])
        #expect(fields.filter(\.isDeprecated).map(\.name) == ["old_count", "old_names", "life"])
        #expect(fields.first { $0.name == "old_count" }?.details == "Use count.")
        #expect(fields.first { $0.name == "ttl" }?.initial == 60, "it goes back to this when it is not sent")
        #expect(fields.first { $0.name == "count" }?.initial == nil)
        #expect(fields.first { $0.name == "color" }?.allowed == ["red", "green"])
        #expect(Sample.settings.fields("text", "on", "none").map(\.name) == ["text", "on"])
    }

    @Test("a new record is shown in the order of names and stored in the order of the declaration")
    func new() throws {
        #expect(
            text(Sample().shown)
                == #"{"color":"red","count":3,"disallow":false,"final":false,"id":"","level":"low","old_count":3,"on":true,"#
                + #""part_life":0,"part_names":[],"tags":{},"text":"a","ttl":60}"#)
        #expect(
            text(Sample().stored)
                == #"{"id":"","o":true,"final":false,"allowed":true,"old_count":3,"count":3,"ttl":60,"text":"a","level":"low","#
                + #""color":"red","names":[],"label":"","secret":"","limits":{},"#
                + #""inner":{"life":0,"part_names":[],"written":[]},"details":{},"tags":{}}"#)
        #expect(Sample(stored: Sample().stored) == Sample())
    }

    private static let whole: JSONObject = [
        "on": "false", "final": true, "disallow": true, "ttl": "1m1s", "text": "b", "level": "high", "color": "", "names": "x,y",
        "label": "l", "secret": "s", "limits": ["limit_most": 2, "limit_wait": "1h"], "part_life": 5, "part_names": ["b", "a"],
        "tags": ["b=1", "a=2"],
    ]

    @Test("what is sent is taken, shown, stored and read back")
    func update() throws {
        var sample = try updated(Self.whole)
        sample.note = "n"
        sample.id = "i"
        sample.details = ["any": [1, "two"]]
        #expect(
            text(sample.shown)
                == #"{"color":"green","count":3,"disallow":true,"final":true,"id":"i","level":"high","#
                + #""limits":{"limit_most":2,"limit_wait":3600},"names":["x","y"],"old_count":3,"on":false,"part_life":5,"#
                + #""part_names":["a","b"],"shown_label":"l","tags":{"a":"2","b":"1"},"text":"b","ttl":61}"#)
        #expect(
            text(sample.stored)
                == #"{"id":"i","o":false,"final":true,"allowed":false,"old_count":3,"count":3,"ttl":61,"text":"b","level":"high","#
                + #""color":"green","names":["x","y"],"label":"l","secret":"s","note":"n","limits":{"most":2,"wait":3600},"#
                + #""inner":{"life":5,"part_names":["a","b"],"written":[]},"details":{"any":[1,"two"]},"tags":{"a":"2","b":"1"}}"#)
        #expect(Sample(decoding: sample.encoded()) == sample)
    }

    @Test("what is not sent stays, but for a setting that goes back, and a latch that is set stays set")
    func kept() throws {
        let before = try updated(Self.whole)
        var after = try updated(["final": false, "text": "c"], from: before)
        #expect(after.ttl == 60)
        #expect(after.isFinal)
        #expect(after.text == "c")
        (after.ttl, after.text) = (before.ttl, before.text)
        #expect(after == before)
        #expect(try updated(["limits": ["limit_most": 3]], from: before).limits == Sample.Limits(most: 3, waits: 3_600))
        #expect(try updated(["level": "", "names": .null], from: before).level == "low")
    }

    @Test(
        "a refusal names the field",
        arguments: [
            (["on": "perhaps"], "field 'on' must be a boolean"), (["count": 0], "field 'count' must be between 1 and 5"),
            (["old_count": 6], "field 'old_count' must be between 1 and 5"), (["ttl": 100], "field 'ttl' may be 99 seconds"),
            (["text": "long"], "field 'text' may have 3 bytes"), (["level": "mid"], "field 'level' must be one of low, high"),
            (["color": "blue"], "field 'color' must be one of red, green"),
            (["limits": ["most": 1]], "field 'limits' has no member 'most'"),
            (["limits": ["limit_most": 10]], "field 'limit_most' must be between 0 and 9"),
            (["part_names": "a,b,c"], "field 'part_names' may have 2 names"),
            (["part_life": 13], "the part may not live 13 seconds"), (["on": false, "count": 4], "what is off counts to 3"),
        ] as [(JSONObject, String)])
    func refused(sent: JSONObject, message: String) {
        #expect(refusal(sent) == message)
    }

    @Test("an old name is taken, loses to the new one, and is shown when it was written last")
    func oldNames() throws {
        let old = try updated(["old_count": 5, "old_names": "x", "life": 7])
        #expect(old.count == 5 && old.names == ["x"] && old.part.life == 7)
        #expect(old.shown["life"] == 7 && old.shown["part_life"] == 7)
        #expect(old.shown["old_names"] == nil && old.shown["old_count"] == 5)
        #expect(Sample(decoding: old.encoded()) == old)
        let new = try updated(["part_life": 8, "life": 9], from: old)
        #expect(new.part.life == 8 && new.shown["life"] == nil)
        #expect(Sample.settings.fields.allSatisfy { $0.name != "names_old" })
        #expect(try updated(["count": 4, "old_count": 5]).count == 4)
    }

    @Test("a record that lacks a member, or has one of another form, is not read")
    func damaged() {
        let stored = Sample().stored
        for member in stored {
            var changed = stored
            changed[member.key] = nil
            #expect((Sample(stored: changed) == nil) == (member.key != "old_count"), "\(member.key)")
            changed[member.key] = .null
            #expect((Sample(stored: changed) == nil) == (member.key != "old_count"), "\(member.key)")
        }
        var changed = stored
        changed["inner"] = ["life": 1, "part_names": [1], "written": []]
        #expect(Sample(stored: changed) == nil)
        changed["inner"] = ["life": 1, "part_names": []]
        #expect(Sample(stored: changed) == nil)
        changed = stored
        changed["color"] = "blue"
        #expect(Sample(stored: changed) == nil)
        changed = stored
        changed["count"] = -1
        #expect(Sample(stored: changed) == nil, "adding to it could otherwise overflow, or go below zero")
        changed = stored
        changed["tags"] = ["a": 1]
        #expect(Sample(stored: changed) == nil)
        changed = stored
        changed["limits"] = ["most": "1"]
        #expect(Sample(stored: changed) == nil)
        let lenient = Settings(new: Sample(), required: ["id"], .kept("id", \.id, as: .text), .kept("text", \.text, as: .text))
        #expect(lenient.read(["id": "x"])?.text == "a")
        #expect(lenient.read(["text": "x"]) == nil)
        #expect(lenient.read(["id": "x", "text": 1]) == nil)
    }

    @Test("each setting has a path of its own: shown, set and set back")
    func single() throws {
        var sample = try updated(Self.whole)
        let color = try #require(Sample.settings.single("color"))
        #expect(color.name == "color" && color.fields.map(\.name) == ["color"])
        #expect(text(color.shown(sample)) == #"{"color":"green"}"#)
        #expect(color.isSent(in: try fields(["color": "red"])))
        #expect(!color.isSent(in: try fields(["text": "x"])))
        try color.reset(&sample)
        #expect(sample.color == .red)
        let life = try #require(Sample.settings.single("part_life", "life"))
        #expect(life.fields.map(\.name) == ["part_life", "life"])
        sample = try updated(["life": 3], from: sample)
        #expect(text(life.shown(sample)) == #"{"part_life":3,"life":3}"#)
        try life.reset(&sample)
        #expect(text(life.shown(sample)) == #"{"part_life":0}"#)
        let old = try #require(Sample.settings.single("old_names"))
        #expect(text(old.shown(try updated(["names": "x"]))) == #"{"old_names":["x"]}"#)
        #expect(text(old.shown(Sample())) == #"{"old_names":null}"#)
        #expect(Sample.settings.single("none") == nil)
        var off = Sample()
        (off.isOn, off.count) = (true, 4)
        let on = try #require(Sample.settings.single("on"))
        try on.reset(&off)
        off.isOn = false
        let count = try #require(Sample.settings.single("count"))
        try count.reset(&off)
        #expect(off.count == 3, "the check passes with the value that was set back")
    }

    @Test("a merge patch sets back what it takes away with null, and nothing else")
    func nulls() throws {
        var sample = try updated(Self.whole)
        let before = sample
        Sample.settings.reset(&sample, nullsOf: ["text": .null, "count": 4, "limits": .null, "other": .null])
        #expect(sample.text == "a" && sample.limits == Sample.Limits())
        (sample.text, sample.limits) = (before.text, before.limits)
        #expect(sample == before)
        #expect(Sample.settings.areSent(in: try fields(["old_names": "x"])))
        #expect(!Sample.settings.areSent(in: try fields(["text": .null])))
    }

    @Test("a group without a name is stored among the members of the record")
    func flat() throws {
        var owner = Flat(name: "x")
        try owner.update(Fields(validating: ["part_life": 9], as: Flat.settings.fields))
        #expect(text(owner.stored) == #"{"name":"x","life":9,"part_names":[],"written":[],"last":true}"#)
        #expect(Flat(stored: owner.stored)?.part.life == 9)
        #expect(Flat(stored: ["name": "x", "life": "9", "part_names": [], "written": [], "last": true]) == nil)
        #expect(Flat(stored: ["name": "x", "last": true]) == nil)
    }

    struct Flat: Record, SettingsRecord {
        var name = ""
        var part = Sample.Part()
        var isLast = true

        static let settings = Settings(
            new: Flat(), .kept("name", \.name, as: .text), .group(\.part), .kept("last", \.isLast, as: .flag))
    }

    @Test("names that are asked for first are shown first")
    func first() throws {
        let shown = Sample.settings.shown(Sample(), first: ["ttl", "none", "count"])
        #expect(shown.keys.prefix(3) == ["ttl", "count", "color"])
        #expect(shown.count == Sample().shown.count)
    }
}
