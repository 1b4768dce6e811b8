import EngineKit
import Syntax

/// One setting of a record: its name in the API, its place in the record, its kind, and what it means.
package struct Setting<Owner: Sendable>: Sendable {
    /// The field of its name, then the one of its old name.
    var fields: [Field]
    /// Whether a change that does not send it leaves it as it is. Otherwise it goes back to what a new record has.
    let isKept: Bool
    /// Takes what a request sent.
    let update: @Sendable (inout Owner, Fields) throws(CofferError) -> Void
    /// Sets it to the value that another record has, and forgets that its old name was written.
    let copy: @Sendable (_ source: Owner, inout Owner) -> Void
    /// Returns the value as answers show it.
    let value: @Sendable (Owner) -> JSON?
    /// Returns its members of an answer.
    let shown: @Sendable (Owner) -> [JSONObject.Member]
    /// Returns the member of its old name, if that was the name written last.
    let remembered: @Sendable (Owner) -> JSONObject.Member?
    /// The name of its member in the record. A group may have none, and its members then stand among the record's own.
    let storedName: String?
    /// Returns its members of the record.
    let stored: @Sendable (Owner) -> [JSONObject.Member]
    /// Takes its member of the record. Returns false for one that ``stored`` did not write, or nil if there is none.
    let read: @Sendable (JSONObject, inout Owner) -> Bool?
    /// The settings of a group, which are shown and reached as the owner's own.
    let members: [Setting]

    /// Declares a setting.
    ///
    /// - Parameters:
    ///   - name: The name of its field in requests and answers.
    ///   - path: Where the record holds it.
    ///   - kind: The form of its values.
    ///   - storedName: The name of its member in the record, where that is another.
    ///   - shownName: Its name in answers, where that is another.
    ///   - old: An old name that requests may use instead.
    ///   - isKept: Whether a change that does not send it leaves it as it is; otherwise it goes back to what a new record has.
    ///   - help: A sentence for `?help=1` and the OpenAPI document.
    package init<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, as kind: SettingKind<Value>,
        stored storedName: String? = nil, shown shownName: String? = nil, old: OldName<Owner>? = nil, isKept: Bool = true,
        help: String
    ) {
        let field = Field(name, kind.field, oneOf: kind.allowed, help)
        let oldField = old.map { Field($0.name, kind.field, deprecated: true, oneOf: kind.allowed, "Use \(name).") }
        self.init(
            fields: [field] + [oldField].compactMap(\.self), name: shownName ?? name, path, as: kind,
            stored: storedName ?? name, old: old, isKept: isKept)
    }

    private init<Value: Sendable>(
        fields: [Field], name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, as kind: SettingKind<Value>,
        stored storedName: String, old: OldName<Owner>?, isKept: Bool
    ) {
        self.fields = fields
        self.isKept = isKept
        self.storedName = storedName
        members = []
        let memory = old?.memory
        let inputs = fields.map(\.name)
        update = { owner, sent throws(CofferError) in
            guard let input = inputs.first(where: { sent.any($0) != nil }), let value = sent.any(input) else { return }
            owner[keyPath: path] = try kind.take(value, input, owner[keyPath: path])
            guard let memory, let old else { return }
            if input == old.name {
                owner[keyPath: memory].insert(input)
            } else {
                owner[keyPath: memory].remove(old.name)
            }
        }
        copy = { source, owner in
            owner[keyPath: path] = source[keyPath: path]
            if let memory, let old { owner[keyPath: memory].remove(old.name) }
        }
        value = { kind.shown($0[keyPath: path]) }
        // An old name that is always there comes first.
        let alsoAs = old.flatMap { $0.isAlwaysShown ? $0.name : nil }
        shown = { owner in
            guard let value = kind.shown(owner[keyPath: path]) else { return [] }
            return [alsoAs, name].compactMap(\.self).map { .init(key: $0, value: value) }
        }
        remembered = { owner in
            guard let memory, let old, owner[keyPath: memory].contains(old.name) else { return nil }
            return kind.shown(owner[keyPath: path]).map { .init(key: old.name, value: $0) }
        }
        stored = { owner in
            guard let value = kind.stored(owner[keyPath: path]) else { return [] }
            return [alsoAs, storedName].compactMap(\.self).map { .init(key: $0, value: value) }
        }
        read = { record, owner in
            guard let member = record[storedName] else { return nil }
            guard let value = kind.read(member) else { return false }
            owner[keyPath: path] = value
            return true
        }
    }

    /// Declares a member of the record that no request sets.
    ///
    /// - Parameters:
    ///   - name: The name of its member in the record, and in answers.
    ///   - isShown: Whether answers show it.
    package static func kept<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, as kind: SettingKind<Value>, isShown: Bool = false
    ) -> Self {
        Self(fields: [], name: name, path, as: isShown ? kind : kind.hidden, stored: name, old: nil, isKept: true)
    }

    /// Declares the settings of another record within this one. They have their own fields and are shown among the owner's.
    ///
    /// - Parameters:
    ///   - path: Where this record holds the other.
    ///   - storedName: The name of the object that holds them in the record; nil where they stand among the record's own.
    ///   - oldNames: Those of their old names that this record takes.
    package static func group<Part: SettingsRecord>(
        _ path: any WritableKeyPath<Owner, Part> & Sendable, stored storedName: String? = nil,
        oldNames: Set<String> = []
    ) -> Self {
        Self(
            members: Part.settings.all.map { part in
                var setting = part.within(path)
                setting.fields.removeAll { $0.isDeprecated && !oldNames.contains($0.name) }
                return setting
            },
            storedName: storedName,
            update: { owner, sent throws(CofferError) in try owner[keyPath: path].update(sent) },
            stored: { owner in
                let members = Part.settings.stored(owner[keyPath: path])
                return storedName.map { [.init(key: $0, value: .object(members))] } ?? members.members
            },
            read: { record, owner in
                var members: JSONObject? = record
                if let storedName {
                    guard let member = record[storedName] else { return nil }
                    members = member.objectValue
                }
                guard let part = members.flatMap(Part.settings.read) else { return false }
                owner[keyPath: path] = part
                return true
            })
    }

    private init(
        members: [Setting], storedName: String?, update: @escaping @Sendable (inout Owner, Fields) throws(CofferError) -> Void,
        stored: @escaping @Sendable (Owner) -> [JSONObject.Member], read: @escaping @Sendable (JSONObject, inout Owner) -> Bool?
    ) {
        self.members = members
        self.storedName = storedName
        self.update = update
        self.stored = stored
        self.read = read
        fields = []
        isKept = true
        copy = { _, _ in }
        value = { _ in nil }
        shown = { _ in [] }
        remembered = { _ in nil }
    }

    private init<Part: Sendable>(_ part: Setting<Part>, within path: any WritableKeyPath<Owner, Part> & Sendable) {
        fields = part.fields
        isKept = part.isKept
        storedName = part.storedName
        members = []
        update = { owner, sent throws(CofferError) in try part.update(&owner[keyPath: path], sent) }
        copy = { source, owner in part.copy(source[keyPath: path], &owner[keyPath: path]) }
        value = { part.value($0[keyPath: path]) }
        shown = { part.shown($0[keyPath: path]) }
        remembered = { part.remembered($0[keyPath: path]) }
        stored = { part.stored($0[keyPath: path]) }
        read = { record, owner in part.read(record, &owner[keyPath: path]) }
    }

    private func within<Outer: Sendable>(_ path: any WritableKeyPath<Outer, Owner> & Sendable) -> Setting<Outer> {
        Setting<Outer>(self, within: path)
    }
}

/// An old name of a setting. The setting's name wins where a request sends both.
package struct OldName<Owner: Sendable>: Sendable {
    let name: String
    let isAlwaysShown: Bool
    let memory: (any WritableKeyPath<Owner, Set<String>> & Sendable)?

    /// A name that requests may use, and that no answer shows.
    package static func accepted(_ name: String) -> Self { Self(name: name, isAlwaysShown: false, memory: nil) }

    /// A name that answers and the record have as well.
    package static func shown(_ name: String) -> Self { Self(name: name, isAlwaysShown: true, memory: nil) }

    /// A name that answers have as well when it was the one written last. The record remembers that in a set of such names.
    package static func remembered(_ name: String, in memory: any WritableKeyPath<Owner, Set<String>> & Sendable) -> Self {
        Self(name: name, isAlwaysShown: false, memory: memory)
    }
}
