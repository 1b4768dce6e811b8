import EngineKit
import Logging
import Outbound
import Records
import Syntax

extension GitHubMethod {
    var configuration: EnginePath {
        EnginePath(
            "config", "The organization, and what the tokens of its members are like.",
            fields: GitHubConfiguration.settings.fields, exists: { _ in try await settings() != nil }
        )
        .reading("Read the settings.") { _ in .data(try await configurations.existing(Self.configurationName).shown) }
        .updating("Set or change the settings.") { try await configure($0) }
    }

    private func configure(_ request: Request) async throws -> Response {
        let before = try await settings()
        var changed = before ?? GitHubConfiguration()
        try changed.update(request.fields)
        guard !changed.organization.isEmpty else { throw CofferError.invalid("organization is a required parameter") }
        guard try outbound.mayCall(target(changed)) else {
            throw CofferError.invalid("field 'base_url' has an address that may not be called")
        }
        let isOther = before?.organization.lowercased() != changed.organization.lowercased() || before?.baseURL != changed.baseURL
        if request.fields.number("organization_id") == 0, isOther || changed.organizationID == 0 {
            changed.organizationID = try await findOrganization(changed)
        }
        let found = changed.organizationID
        var warnings: [String] = []
        try await configurations.edit(Self.configurationName) { stored, _ in
            guard stored == before else { throw CofferError(.conflict, "another writer changed the settings first; try again") }
            changed.organizationID = found
            warnings = changed.tokens.warnings(mountMax: context.maxTTL)
            stored = changed
        }
        return Response(.none, warnings: warnings)
    }

    private func findOrganization(_ settings: GitHubConfiguration) async throws(CofferError) -> Int {
        do throws(GitHubError) {
            return try await api(settings).organizationID(of: settings.organization)
        } catch {
            context.logger.notice("the id of a GitHub organization could not be found", metadata: ["reason": "\(error.reason)"])
            throw .invalid("unable to fetch the organization_id, you must manually set it in the config")
        }
    }

    private func target(_ settings: GitHubConfiguration) throws(CofferError) -> OutboundTarget {
        do throws(OutboundTargetError) { return try settings.target() } catch { throw .invalid("field 'base_url': \(error.text)") }
    }

    /// Returns the API that the settings name.
    func api(_ settings: GitHubConfiguration) throws(GitHubError) -> GitHubAPI {
        do throws(OutboundTargetError) {
            return GitHubAPI(outbound: outbound, target: try settings.target())
        } catch {
            throw .unavailable(reason: error.text)
        }
    }

    /// Returns the name in the store of what an operator calls a team or a user: without spaces around it.
    static func key(_ name: String) -> String? { storedName(String(name.trimmingUTF8(" "))) }

    /// Returns the name in the store of a team or a user of GitHub, or nil for one that no operator can have written.
    ///
    /// Only ASCII letters are taken for each other. With more, such as the Kelvin sign for k, or without spaces around it, a member
    /// could make a team that has another one's name here.
    static func storedName(_ name: String) -> String? {
        guard (1...256).contains(name.utf8.count), name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") })
        else { return nil }
        return String(decoding: name.utf8.map { $0.asciiLowercased }, as: UTF8.self)
    }

    static func paths(of mappings: RecordTable<GitHubMapping>, _ folder: String, _ summary: String) -> [EnginePath] {
        let named = NamedRecords(
            table: mappings, folder: "map/\(folder)",
            name: Field("key", .string, required: true, "The name, in which case does not matter; \"default\" for everybody."),
            rule: "must have 1 to 256 bytes and no control characters", key: { key($0) })
        return [
            named.list("The \(folder) that have policies here.", "List the names."),
            named.record(summary, fields: GitHubMapping.settings.fields)
                .reading("Read the policies.") { request in
                    let shown = try await named.existing(request).shown
                    return .data(JSONObject([.init(key: "key", value: .string(try await named.name(of: request)))] + shown.members))
                }
                .updatingWithoutAnswer("Set the policies.") { try await named.write($0) }
                .deleting("Delete the entry.") { try await named.delete($0) },
        ]
    }
}

extension GitHubError {
    /// The reason for the log.
    var reason: String {
        switch self {
        case .refused(let reason), .unavailable(let reason): reason
        }
    }
}
