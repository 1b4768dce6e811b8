import EngineKit
import Records
import Syntax

/// The type of credentials that a role gives.
enum CredentialType: String, CaseIterable {
    case password
}

extension SettingKind where Value == CredentialType {
    /// A type of credentials. It is not stored, because there is only one.
    static var credentialType: Self {
        Self(
            .string, oneOf: CredentialType.allCases.map(\.rawValue), shown: { .string($0.rawValue) }, stored: { _ in nil },
            read: { $0.stringValue.flatMap(CredentialType.init(rawValue:)) })
    }
}

extension SettingKind where Value == [String] {
    private static var statementsMax: Int { 100 }
    private static var bytesMax: Int { 64 << 10 }

    /// A list of statements, or one text with all of them.
    static var statements: Self {
        Self(
            .any, shown: { .strings($0) }, read: { $0.arrayValue?.compactMap(\.stringValue) },
            take: { sent, name, _ throws(CofferError) in
                let refusal = CofferError.invalid(
                    "field '\(name)' must be a string or a list of at most \(statementsMax) strings, of 64 KiB together")
                let texts: [String]
                switch sent {
                case .string(let text): texts = [text]
                case .array(let values) where values.count <= statementsMax:
                    texts = values.compactMap(\.stringValue)
                    guard texts.count == values.count else { throw refusal }
                default: throw refusal
                }
                guard texts.reduce(0, { $0 + $1.utf8.count }) <= bytesMax else { throw refusal }
                return texts.filter { !$0.isEmpty }
            })
    }
}

extension SettingKind where Value == String {
    /// An object with the name of a password policy, which is stored alone. Answers leave it out when it is empty.
    static var credentialConfiguration: Self {
        Self(
            .stringMap, shown: { $0.isEmpty ? nil : ["password_policy": .string($0)] }, stored: { .string($0) },
            read: { $0.stringValue },
            take: { sent, name, _ throws(CofferError) in
                let members = sent.objectValue ?? .init()
                guard members.keys.allSatisfy({ $0 == "password_policy" }) else {
                    throw .invalid("field '\(name)' may have password_policy only")
                }
                return members["password_policy"]?.stringValue ?? ""
            })
    }

    /// The name or the password of a user. Answers do not show it.
    static var login: Self {
        text { text, name throws(CofferError) in
            guard text.utf8.count <= 1_024, !text.utf8.contains(0) else {
                throw .invalid("field '\(name)' may have 1024 bytes and no NUL")
            }
        }.hidden
    }
}

extension SettingKind where Value == Timestamp {
    /// A moment, stored as the text of its nanoseconds. Answers do not show it.
    static var moment: Self {
        Self(
            .string, shown: { _ in nil }, stored: { .string(String($0.nanoseconds)) },
            read: { $0.stringValue.flatMap { Int64($0) }.map { Timestamp(nanoseconds: $0) } })
    }
}

extension SettingKind where Value == Rotation {
    static var rotation: Self {
        Self(.object, shown: { _ in nil }, stored: { .object($0.stored) }, read: { $0.objectValue.flatMap(Rotation.init(stored:)) })
    }
}
