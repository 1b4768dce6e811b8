import EngineKit
import Records
import Syntax

/// Says which logins need a second proof, and by which methods. One of the methods is enough.
struct LoginEnforcement: Record, Sendable, Hashable {
    /// The name, which is not part of the record.
    var name = ""
    /// A UUID.
    var id = ""
    var methodIDs: [String] = []
    /// Logins through these auth mounts.
    var mountAccessors: [String] = []
    /// Logins through all mounts of these types.
    var mountTypes: [String] = []
    /// Logins of the members of these groups, also through groups in between.
    var groupIDs: [String] = []
    /// Logins of these entities.
    var entityIDs: [String] = []

    static let methodsMax = 16
    static let namesMax = 1_000

    /// Whether a login must satisfy this enforcement.
    ///
    /// - Parameter entity: Who logs in; nil if the login has no entity.
    func applies(accessor: String, type: String, entity: ResolvedEntity?) -> Bool {
        if mountAccessors.contains(accessor) || mountTypes.contains(type) { return true }
        guard let entity else { return false }
        // An entity that was named before it was merged into this one.
        return entityIDs.contains { $0 == entity.id || entity.entity.mergedIDs.contains($0) }
            || groupIDs.contains { id in entity.groups.contains { $0.id == id } }
    }
}

extension LoginEnforcement: SettingsRecord {
    static let settings = Settings(
        new: LoginEnforcement(),
        .kept("id", \.id, as: .text, isShown: true),
        Setting("mfa_method_ids", \.methodIDs, as: names(max: methodsMax), help: "The ids of the methods, of which one is enough."),
        Setting(
            "auth_method_accessors", \.mountAccessors, as: names(max: namesMax),
            help: "The accessors of auth mounts, all of whose logins need it."),
        Setting(
            "auth_method_types", \.mountTypes, as: names(max: namesMax),
            help: "The types of auth methods, all of whose logins need it."),
        Setting(
            "identity_group_ids", \.groupIDs, as: names(max: namesMax),
            help: "The ids of groups, all of whose members need it, also through groups in between."),
        Setting("identity_entity_ids", \.entityIDs, as: names(max: namesMax), help: "The ids of entities that need it."))

    func check() throws(CofferError) {
        guard !methodIDs.isEmpty else { throw .invalid("missing method ids") }
        guard !(mountAccessors.isEmpty && mountTypes.isEmpty && groupIDs.isEmpty && entityIDs.isEmpty) else {
            throw .invalid(
                "One of auth_method_accessors, auth_method_types, identity_group_ids, identity_entity_ids must be specified")
        }
    }

    private static func names(max: Int) -> SettingKind<[String]> {
        .names { names, name throws(CofferError) in
            var result: [String] = []
            for text in names where !text.isEmpty && !result.contains(text) {
                guard result.count < max, text.utf8.count <= 256 else {
                    throw .invalid("field '\(name)' may have at most \(max) entries of at most 256 bytes")
                }
                result.append(text)
            }
            return result
        }
    }

    /// Throws unless the name can be that of an enforcement.
    static func checkName(_ name: String) throws(CofferError) {
        guard ObjectName.isValid(name) else {
            throw .invalid(
                "the name of an enforcement has at most \(ObjectName.bytesMax) letters and digits, with '-', '_' and '.' between them"
            )
        }
    }
}
