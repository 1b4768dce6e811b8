import EngineKit
import Syntax

/// A setting of a record: its name in the API, its place in the record, its kind, and its description.
package struct Setting<Owner: Sendable>: Sendable {
    /// The field of its name, then the one of its old name.
    var fields: [Field]
    /// Whether a change that does not contain the setting leaves it as it is. Otherwise, it is reset to the value of a new
    /// record.
    var isKept = true
    /// Its names in answers.
    var shownNames: [String] = []
    /// Its names in the record, of which the last is read. A group may have none; its members are then members of the
    /// record itself.
    var storedNames: [String]
    /// The old name that ``isRemembered`` refers to.
    var oldName = ""
    /// The settings of a group, which are shown and used like those of the owner.
    var members: [Setting] = []
    /// Changes the setting as a request says.
    var update: @Sendable (inout Owner, Fields) throws(CofferError) -> Void
    /// Copies the value of another record, and forgets that an old name was written.
    var copy: @Sendable (_ source: Owner, inout Owner) -> Void = { _, _ in }
    /// Returns the value as answers show it, or nil to leave it out.
    var shown: @Sendable (Owner) -> JSON? = { _ in nil }
    /// Whether the old name was used in the last write.
    var isRemembered: @Sendable (Owner) -> Bool = { _ in false }
    /// Returns the value as the record stores it, or nil to leave it out.
    var stored: @Sendable (Owner) -> JSON?
    /// Reads the stored value. Returns false for one that ``stored`` does not return.
    var read: @Sendable (JSON, inout Owner) -> Bool
}

extension Setting {
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
        self = .kept(name, path, as: kind, isShown: true)
        self.isKept = isKept
        let (oldName, memory) = (old?.name ?? "", old?.memory)
        fields = [Field(name, kind.field, oneOf: kind.allowed, help)]
        if old != nil { fields.append(Field(oldName, kind.field, deprecated: true, oneOf: kind.allowed, "Use \(name).")) }
        // An old name that is always shown comes first.
        let always = old?.isAlwaysShown == true ? [oldName] : []
        shownNames = always + [shownName ?? name]
        storedNames = always + [storedName ?? name]
        let inputs = fields.map(\.name)
        update = { owner, sent throws(CofferError) in
            let isSent = { (name: String) in sent.any(name).map { !kind.isKeptByEmptyText || $0 != .string("") } ?? false }
            guard let input = inputs.first(where: isSent), let value = sent.any(input) else { return }
            owner[keyPath: path] = try kind.take(value, input, owner[keyPath: path])
            guard let memory else { return }
            owner[keyPath: memory].remove(oldName)
            if input == oldName { owner[keyPath: memory].insert(oldName) }
        }
        guard let memory else { return }
        self.oldName = oldName
        isRemembered = { $0[keyPath: memory].contains(oldName) }
        copy = { source, owner in
            owner[keyPath: path] = source[keyPath: path]
            owner[keyPath: memory].remove(oldName)
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
        Self(
            fields: [], shownNames: isShown ? [name] : [], storedNames: [name], update: { _, _ in },
            copy: { $1[keyPath: path] = $0[keyPath: path] }, shown: { kind.shown($0[keyPath: path]) },
            stored: { kind.stored($0[keyPath: path]) },
            read: { json, owner in
                guard let value = kind.read(json) else { return false }
                owner[keyPath: path] = value
                return true
            })
    }

    /// Declares the settings of another record within this one. They have their own fields and are shown among the owner's.
    ///
    /// - Parameters:
    ///   - path: Where this record holds the other.
    ///   - storedName: The name of the object that holds them in the record; nil where they stand among the record's own.
    ///   - oldNames: Those of their old names that this record takes.
    package static func group<Part: SettingsRecord>(
        _ path: any WritableKeyPath<Owner, Part> & Sendable, stored storedName: String? = nil, oldNames: Set<String> = []
    ) -> Self {
        var group = kept(
            "", path,
            as: SettingKind(
                .object, shown: { .object(Part.settings.stored($0)) }, read: { $0.objectValue.flatMap(Part.settings.read) }))
        group.storedNames = storedName.map { [$0] } ?? []
        group.update = { owner, sent throws(CofferError) in try owner[keyPath: path].update(sent) }
        group.members = Part.settings.all.map { part in
            Self(
                fields: part.fields.filter { !$0.isDeprecated || oldNames.contains($0.name) }, isKept: part.isKept,
                shownNames: part.shownNames, storedNames: part.storedNames, oldName: part.oldName,
                update: { owner, sent throws(CofferError) in try part.update(&owner[keyPath: path], sent) },
                copy: { part.copy($0[keyPath: path], &$1[keyPath: path]) }, shown: { part.shown($0[keyPath: path]) },
                isRemembered: { part.isRemembered($0[keyPath: path]) }, stored: { part.stored($0[keyPath: path]) },
                read: { part.read($0, &$1[keyPath: path]) })
        }
        return group
    }
}

/// An old name of a setting. If a request contains both names, the new one applies.
package struct OldName<Owner: Sendable>: Sendable {
    let name: String
    var isAlwaysShown = false
    var memory: (any WritableKeyPath<Owner, Set<String>> & Sendable)?

    /// A name that requests may contain and that answers do not show.
    package static func accepted(_ name: String) -> Self { Self(name: name) }

    /// A name that answers and the record contain, too.
    package static func shown(_ name: String) -> Self { Self(name: name, isAlwaysShown: true) }

    /// A name that answers contain, too, if it was used in the last write. The record remembers that in a set of names.
    package static func remembered(_ name: String, in memory: any WritableKeyPath<Owner, Set<String>> & Sendable) -> Self {
        Self(name: name, memory: memory)
    }
}
