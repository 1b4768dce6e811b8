import EngineKit
import Records
import Syntax

/// What a user of a directory has here in addition to what the user's groups have.
struct LDAPUser: Record, Hashable {
    var policies: [String] = []
    /// Groups that the directory need not know.
    var groups: [String] = []
}

extension LDAPUser: SettingsRecord {
    static let settings = Settings(
        new: LDAPUser(),
        Setting("policies", \.policies, as: .policies, help: "Policies of the user's tokens."),
        Setting("groups", \.groups, as: .groups, help: "Groups that the user is in, in addition to those of the directory."))
}

/// What the members of a group have.
struct LDAPGroup: Record, Hashable {
    var policies: [String] = []
}

extension LDAPGroup: SettingsRecord {
    static let settings = Settings(
        new: LDAPGroup(), Setting("policies", \.policies, as: .policies, help: "Policies of the tokens of the group's members."))
}

extension SettingKind where Value == [String] {
    private static var groupsMax: Int { 256 }

    /// Names of groups, which answers show with commas between them, as the Vault API does.
    fileprivate static var groups: Self {
        var kind = names { names, name throws(CofferError) in
            guard names.count <= groupsMax, names.allSatisfy({ LDAPName($0, keepsCase: true) != nil }) else {
                throw .invalid("field '\(name)' may have \(groupsMax) names at most, of \(LDAPName.bytesMax) bytes each")
            }
            return names
        }
        kind.shown = { .string($0.joined(separator: ",")) }
        return kind
    }
}
