package import EngineKit
package import Syntax

/// The form of a setting's values in requests, answers and records.
///
/// A room adds its own kinds in an extension, such as `.policies` for lists of policy names.
package struct SettingKind<Value: Sendable>: Sendable {
    /// The kind of the declared field.
    let field: Field.Kind
    /// The only texts that a request may send; empty for any.
    let allowed: [String]
    /// Whether an empty text that a request sends keeps what is set, as if the field had not been sent.
    private(set) var isKeptByEmptyText = false
    /// Returns the value as answers show it, or nil to leave it out.
    package var shown: @Sendable (Value) -> JSON?
    /// Returns the value as records store it, or nil to leave it out.
    package private(set) var stored: @Sendable (Value) -> JSON?
    /// Returns the value that ``stored`` wrote, or nil for anything else.
    package var read: @Sendable (JSON) -> Value?
    /// Returns the value that follows `current` when a request sends `sent` in the field of that name.
    package let take: @Sendable (_ sent: JSON, _ name: String, _ current: Value) throws(CofferError) -> Value

    /// - Parameters:
    ///   - field: The kind of the declared field. What a request sends has this form before `take` sees it.
    ///   - allowed: The only texts that a request may send; empty for any.
    ///   - shown: Returns the value as answers show it, or nil to leave it out.
    ///   - stored: The same for records, where they differ.
    ///   - read: Returns the value that `stored` wrote, or nil for anything else.
    ///   - normalize: Returns the value to keep for one that a request sends, or refuses it.
    ///   - take: Returns the value for what a request sends, where `read` does not understand it or the current value matters.
    package init(
        _ field: Field.Kind, oneOf allowed: [String] = [], shown: @escaping @Sendable (Value) -> JSON?,
        stored: (@Sendable (Value) -> JSON?)? = nil, read: @escaping @Sendable (JSON) -> Value?,
        normalize: @escaping @Sendable (_ value: Value, _ name: String) throws(CofferError) -> Value = {
            value, _ throws(CofferError) in value
        },
        take: (@Sendable (_ sent: JSON, _ name: String, _ current: Value) throws(CofferError) -> Value)? = nil
    ) {
        self.field = field
        self.allowed = allowed
        self.shown = shown
        self.stored = stored ?? shown
        self.read = read
        if let take {
            self.take = take
        } else {
            self.take = { sent, name, _ throws(CofferError) in
                guard let value = read(sent) else { throw .unreadable(name) }
                return try normalize(value, name)
            }
        }
    }

    /// The same kind, which no answer shows.
    package var hidden: Self {
        var kind = self
        kind.shown = { _ in nil }
        return kind
    }
}

extension SettingKind {
    /// The same kind, of which an empty text that a request sends keeps what is set.
    package var keptByEmptyText: Self {
        var kind = self
        kind.isKeptByEmptyText = true
        return kind
    }
}

extension SettingKind where Value: Equatable {
    /// The same kind, which records leave out where it has this value.
    package func omitted(if value: Value) -> Self {
        var kind = self
        kind.stored = { [stored] in $0 == value ? nil : stored($0) }
        return kind
    }
}

extension SettingKind where Value: Collection {
    /// The same kind, which answers show unless it is empty.
    package var shownUnlessEmpty: Self {
        var kind = self
        kind.shown = { [shown] in $0.isEmpty ? nil : shown($0) }
        return kind
    }
}

extension SettingKind {
    /// A value that may be missing. It is then neither shown nor stored.
    package static func optional<Wrapped>(_ kind: SettingKind<Wrapped>) -> Self where Value == Wrapped? {
        Self(
            kind.field, oneOf: kind.allowed, shown: { $0.flatMap(kind.shown) }, stored: { $0.flatMap(kind.stored) },
            read: { kind.read($0).map(Optional.some) },
            take: { sent, name, current throws(CofferError) in
                guard let base = current ?? kind.read(sent) else { throw .unreadable(name) }
                return try kind.take(sent, name, base)
            })
    }
}

extension SettingKind {
    /// A check of a value that a request sends.
    package typealias Check = @Sendable (_ value: Value, _ name: String) throws(CofferError) -> Void

    fileprivate init(
        _ field: Field.Kind, shown: @escaping @Sendable (Value) -> JSON?, read: @escaping @Sendable (JSON) -> Value?,
        check: @escaping Check
    ) {
        self.init(
            field, shown: shown, read: read,
            normalize: { value, name throws(CofferError) in
                try check(value, name)
                return value
            })
    }
}

extension SettingKind where Value == Bool {
    /// True or false.
    package static var flag: Self { Self(.bool, shown: { .bool($0) }, read: { $0.boolValue }) }

    /// A flag that a request can set and that no request can clear.
    package static var latch: Self {
        Self(
            .bool, shown: { .bool($0) }, read: { $0.boolValue },
            take: { sent, _, current throws(CofferError) in current || sent.boolValue == true })
    }

    /// A flag whose name in requests and answers says the opposite of what is stored.
    package static var inverted: Self {
        Self(
            .bool, shown: { .bool(!$0) }, stored: { .bool($0) }, read: { $0.boolValue },
            normalize: { value, _ throws(CofferError) in !value })
    }
}

extension SettingKind where Value == Int {
    /// The largest count, 2⁵³ − 1.
    package static var countMax: Int { (1 << 53) - 1 }

    /// A whole number in a range.
    package static func count(_ range: ClosedRange<Int> = 0...countMax) -> Self {
        number { value, name throws(CofferError) in
            guard !range.contains(value) else { return }
            throw .invalid("field '\(name)' must be between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    /// Any whole number.
    package static var integer: Self { Self(.int, shown: { .int($0) }, read: { $0.intValue }) }

    /// Whole seconds, sent as a number or as a text such as `1h30m`.
    package static var duration: Self { duration { _, _ throws(CofferError) in } }

    /// Whole seconds that `check` accepts.
    package static func duration(check: @escaping Check) -> Self { number(.duration, check: check) }

    /// A whole number that `check` accepts. In a record it is a count, so that adding to it cannot overflow. A larger number, which
    /// an older server may have stored, is read as the largest count.
    package static func number(_ field: Field.Kind = .int, check: @escaping Check) -> Self {
        var kind = Self(field, shown: { .int($0) }, read: { $0.intValue }, check: check)
        kind.read = { value in value.intValue.flatMap { $0 < 0 ? nil : min($0, countMax) } }
        return kind
    }
}

extension SettingKind where Value == String {
    /// Any text.
    package static var text: Self { text { _, _ throws(CofferError) in } }

    /// A text that `check` accepts.
    package static func text(check: @escaping Check) -> Self {
        Self(.string, shown: { .string($0) }, read: { $0.stringValue }, check: check)
    }

    /// One of a few texts. A request that sends an empty text means `empty`.
    package static func choice(_ allowed: [String], empty: String) -> Self {
        Self(
            .string, oneOf: allowed, shown: { .string($0) }, read: { $0.stringValue },
            normalize: { text, _ throws(CofferError) in text.isEmpty ? empty : text })
    }
}

extension SettingKind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the cases of an enum, sent, shown and stored as its raw value. A request that sends an empty text means `empty`.
    package static func choice(empty: Value) -> Self {
        Self(
            .string, oneOf: Value.allCases.map(\.rawValue), shown: { .string($0.rawValue) },
            read: { $0.stringValue.flatMap(Value.init(rawValue:)) },
            take: { sent, _, _ throws(CofferError) in sent.stringValue.flatMap(Value.init(rawValue:)) ?? empty })
    }
}

extension SettingKind where Value == [String] {
    /// A list of texts.
    package static var names: Self { names { names, _ throws(CofferError) in names } }

    /// A list of texts that `normalize` brings to the form in which they are kept, or refuses.
    package static func names(
        normalize: @escaping @Sendable (_ names: [String], _ name: String) throws(CofferError) -> [String]
    ) -> Self { Self(.strings, shown: { .strings($0) }, read: { $0.texts }, normalize: normalize) }
}

extension SettingKind where Value == Set<String> {
    /// A set of texts, in byte order.
    package static var set: Self { Self(.strings, shown: { .strings($0.sorted()) }, read: { $0.texts.map(Set.init) }) }
}

extension SettingKind where Value == [String: String] {
    /// Texts by name, in the order of the names.
    package static var map: Self {
        Self(
            .stringMap,
            shown: { .map($0) },
            read: { json in
                guard let object = json.objectValue, object.allSatisfy({ $0.value.stringValue != nil }) else { return nil }
                return Dictionary(object.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 })
            })
    }
}

extension SettingKind where Value == JSONObject {
    /// An object that is kept as it is.
    package static var object: Self { Self(.object, shown: { .object($0) }, read: { $0.objectValue }) }
}

extension SettingKind where Value: SettingsRecord {
    /// Settings with names of their own, in an object. A request changes the ones that it sends. Answers leave the object out
    /// when it is empty.
    package static var members: Self {
        Self(
            .object, shown: { $0.shown.isEmpty ? nil : .object($0.shown) }, stored: { .object(Value.settings.stored($0)) },
            read: { $0.objectValue.flatMap(Value.settings.read) },
            take: { sent, name, current throws(CofferError) in
                let object = sent.objectValue ?? .init()
                let known = Value.settings.fields
                if let unknown = object.keys.first(where: { key in !known.contains { $0.name == key } }) {
                    throw .invalid("field '\(name)' has no member '\(unknown.prefixUTF8(64))'")
                }
                var changed = current
                try changed.update(try Fields(validating: object, as: known))
                return changed
            })
    }
}

extension SettingKind {
    /// Records of one kind, in their order.
    package static func list<Element: SettingsRecord>() -> Self where Value == [Element] {
        let element = SettingKind<Element>.members
        return Self(
            .any, shown: { .array($0.compactMap(element.shown)) }, stored: { .array($0.compactMap(element.stored)) },
            read: { json in
                guard let rows = json.arrayValue else { return nil }
                let elements = rows.compactMap(element.read)
                return elements.count == rows.count ? elements : nil
            })
    }
}

extension SettingKind where Value == Timestamp {
    /// A moment, as nanoseconds since 1970.
    package static var nanoseconds: Self {
        Self(
            .int, shown: { .int($0.nanoseconds) }, read: { $0.intValue.map { Timestamp(nanoseconds: Int64($0)) } })
    }
}

extension CofferError {
    fileprivate static func unreadable(_ name: String) -> CofferError {
        .invalid("the value of field '\(name)' is not valid")
    }
}

extension JSON {
    /// The strings of an array, or nil if it holds anything else.
    package var texts: [String]? {
        guard let values = arrayValue else { return nil }
        let texts = values.compactMap(\.stringValue)
        return texts.count == values.count ? texts : nil
    }
}
