package import EngineKit
package import Syntax

/// A record whose settings are declared once, in ``settings``.
package protocol SettingsRecord: Sendable {
    /// The declaration of the settings.
    static var settings: Settings<Self> { get }

    /// Throws if settings contradict each other. Called after each change.
    func check() throws(CofferError)
}

extension SettingsRecord {
    /// Accepts all settings.
    package func check() throws(CofferError) {}

    /// Changes the settings that a request contains. If this throws, some of them may have been changed, so call it on a
    /// copy.
    package mutating func update(_ fields: Fields) throws(CofferError) {
        for setting in Self.settings.parts { try setting.update(&self, fields) }
        try check()
    }

    /// The settings as answers show them.
    package var shown: JSONObject { Self.settings.shown(self) }
}

extension Record where Self: SettingsRecord {
    /// The object to store, with the members in the order of the declaration.
    package var stored: JSONObject { Self.settings.stored(self) }

    /// Returns nil for an object that lacks a required member or has one of another form.
    package init?(stored object: JSONObject) {
        guard let value = Self.settings.read(object) else { return nil }
        self = value
    }
}

/// The settings of a record, in the order in which it stores them. From this one declaration come the fields of its paths, what
/// a request changes, what answers show, the stored form, and a path for each setting.
package struct Settings<Owner: SettingsRecord>: Sendable {
    /// The record before any setting was changed.
    package let new: Owner
    /// The declared inputs, each followed by its old name.
    package let fields: [Field]
    let parts: [Setting<Owner>]
    /// The same, with the members of groups in place of the groups.
    let all: [Setting<Owner>]
    private let required: Set<String>
    private let sortsShown: Bool

    /// - Parameters:
    ///   - new: The record before anything was set.
    ///   - required: The members that a record must have, by their stored names. One that an older record lacks is as in a new
    ///     record. Without this, it must have all of them, except those that ``stored(_:)`` leaves out of a new record.
    ///   - sortsShown: Whether answers have the settings in the order of their names.
    ///   - parts: The settings, in the order in which they are stored.
    package init(new: Owner, required: Set<String>? = nil, sortsShown: Bool = false, _ parts: Setting<Owner>...) {
        self.new = new
        self.parts = parts
        self.sortsShown = sortsShown
        self.required = required ?? Set(parts.filter { $0.stored(new) != nil }.compactMap(\.storedNames.last))
        all = parts.flatMap { $0.members.isEmpty ? [$0] : $0.members }
            .map { setting in
                guard !setting.isKept, !setting.fields.isEmpty else { return setting }
                var setting = setting
                setting.fields[0].initial = setting.shown(new)
                return setting
            }
        fields = all.flatMap(\.fields)
    }

    /// Returns the declared inputs of these names, for a path that takes a few of them.
    package func fields(_ names: String...) -> [Field] { names.flatMap { name in fields.filter { $0.name == name } } }

    /// Returns the declared inputs of these names, for a path that makes a record: their defaults are what a new record has.
    package func newFields(_ names: String...) -> [Field] {
        names.flatMap { name in
            all.filter { $0.fields.first?.name == name }.map { setting in
                var field = setting.fields[0]
                field.initial = setting.shown(new) ?? setting.stored(new)
                return field
            }
        }
    }

    /// Whether a request sends any of the settings.
    package func areSent(in sent: Fields) -> Bool { fields.contains { sent.has($0.name) } }

    /// Returns the settings as answers show them.
    ///
    /// - Parameter first: Names that come before the others, in this order.
    package func shown(_ owner: Owner, first: [String] = []) -> JSONObject {
        var members = all.flatMap { $0.members(of: $0.shown(owner), under: $0.shownNames) }
        if sortsShown { members.sort { $0.key < $1.key } }
        let head = first.compactMap { name in members.first { $0.key == name } }
        members.removeAll { first.contains($0.key) }
        return JSONObject(head + members + all.compactMap { $0.remembered(owner) })
    }

    /// Returns the members of the record.
    package func stored(_ owner: Owner) -> JSONObject {
        JSONObject(
            parts.flatMap { part -> [JSONObject.Member] in
                let value = part.stored(owner)
                if part.storedNames.isEmpty { return value?.objectValue?.members ?? [] }
                return part.members(of: value, under: part.storedNames)
            })
    }

    /// Returns the record with these members, or nil if one of them is missing or is not what ``stored(_:)`` writes.
    package func read(_ object: JSONObject) -> Owner? {
        var owner = new
        for part in parts {
            let name = part.storedNames.last
            if let member = name.map({ object[$0] }) ?? .object(object) {
                guard part.read(member, &owner) else { return nil }
            } else if let name, required.contains(name) {
                return nil
            }
        }
        return owner
    }

    /// Whether a merge patch (RFC 7396) removes one of the settings with `null`.
    package func areReset(byNullsOf patch: JSONObject) -> Bool { fields.contains { patch[$0.name]?.isNull == true } }

    /// Resets the settings that a merge patch (RFC 7396) removes with `null`.
    package func reset(_ owner: inout Owner, nullsOf patch: JSONObject) {
        for setting in all where setting.fields.contains(where: { patch[$0.name]?.isNull == true }) { setting.copy(new, &owner) }
    }

    /// Returns one setting for a path of its own, or nil if there is none of this name.
    ///
    /// - Parameters:
    ///   - name: Its name, or its old one.
    ///   - others: Further names that the path takes.
    package func single(_ name: String, _ others: String...) -> SingleSetting<Owner>? {
        guard let setting = all.first(where: { $0.fields.contains { $0.name == name } }) else { return nil }
        let names = [name] + others
        return SingleSetting(setting, new: new, fields: names.flatMap { name in setting.fields.filter { $0.name == name } })
    }
}

/// A setting at a path of its own, which can be read, set and reset.
package struct SingleSetting<Owner: SettingsRecord>: Sendable {
    /// The inputs of the path, the setting's name first.
    package let fields: [Field]
    private let setting: Setting<Owner>
    private let new: Owner

    fileprivate init(_ setting: Setting<Owner>, new: Owner, fields: [Field]) {
        self.setting = setting
        self.new = new
        self.fields = fields
    }

    /// The name of the setting.
    package var name: String { fields[0].name }

    /// Returns the answer to a read.
    package func shown(_ owner: Owner) -> JSONObject {
        var members = [JSONObject.Member(key: name, value: setting.shown(owner) ?? .null)]
        if let remembered = setting.remembered(owner), remembered.key != name { members.append(remembered) }
        return JSONObject(members)
    }

    /// Whether a request sends the setting.
    package func isSent(in sent: Fields) -> Bool { fields.contains { sent.has($0.name) } }

    /// Resets the setting to the value of a new record.
    ///
    /// - Throws: What the record's `check` throws.
    package func reset(_ owner: inout Owner) throws(CofferError) {
        setting.copy(new, &owner)
        try owner.check()
    }
}

extension Setting {
    fileprivate func members(of value: JSON?, under names: [String]) -> [JSONObject.Member] {
        value.map { value in names.map { .init(key: $0, value: value) } } ?? []
    }

    /// Returns the member with the old name, if that was used in the last write.
    fileprivate func remembered(_ owner: Owner) -> JSONObject.Member? {
        guard isRemembered(owner) else { return nil }
        return shown(owner).map { .init(key: oldName, value: $0) }
    }
}
