import Barrier
import EngineKit
import Foundation
import SecretMemory
import Syntax

/// The paths that answer whether or not the server is sealed, without a token: nothing else does.
///
/// They are not audited: while sealed there is no key to audit with, and what they tell is public.
struct FrontDesk {
    unowned let core: Core

    /// nil when the path is not one of these.
    func answer(_ incoming: CoreRequest, _ path: CanonicalPath) async -> CoreAnswer? {
        guard path.text.hasPrefix("sys/"), !path.isFolder else { return nil }
        guard let handler = handler(path.text.dropFirst(4), incoming) else { return nil }
        var answer = CoreAnswer(requestID: incoming.id, mountType: "system", path: path.text, outcome: .failure(.notFound))
        do {
            answer.outcome = .success(try await handler(try fields(incoming)))
        } catch {
            answer.outcome = .failure(core.presentable(error, requestID: incoming.id))
        }
        return answer
    }

    private typealias Handler = (Fields) async throws -> Response

    private func handler(_ path: Substring, _ incoming: CoreRequest) -> Handler? {
        let refuse: Handler = { _ in throw CofferError(.methodNotAllowed, "unsupported operation") }
        switch (path, incoming.operation) {
        case ("health", .read): return { _ in try await health(incoming.query) }
        case ("seal-status", .read): return { _ in .bare(try await sealStatus()) }
        case ("leader", .read): return { _ in .bare(leader) }
        case ("init", .read): return { _ in .bare(["initialized": .bool(try await core.seal.isInitialized)]) }
        case ("init", .update): return initialize
        case ("unseal", .update): return unseal
        case ("health", _), ("seal-status", _), ("leader", _), ("init", _), ("unseal", _): return refuse
        default: return nil
        }
    }

    private static let declared: [Field] = [
        Field("secret_shares", .int, "Into how many shares the unseal key is split."),
        Field("secret_threshold", .int, "How many of them unseal."),
        Field("recovery_shares", .int, "The same for the recovery key of a seal that opens by itself."),
        Field("recovery_threshold", .int, "How many of them are a quorum."),
        Field("pgp_keys", .strings, "Not supported."),
        Field("recovery_pgp_keys", .strings, "Not supported."),
        Field("root_token_pgp_key", .string, "Not supported."),
        Field("key", .string, "One share."),
        Field("reset", .bool, "Drop the shares given so far."),
        Field("migrate", .bool, "Move to the configured seal."),
    ]

    private func fields(_ incoming: CoreRequest) throws(CofferError) -> Fields {
        guard !incoming.body.isEmpty else { return Fields() }
        let value: JSON
        do {
            value = try JSON(parsing: incoming.body, limits: core.settings.jsonLimits)
        } catch {
            throw .invalid("the body is not acceptable JSON: \(error)")
        }
        guard let object = value.objectValue else { throw .invalid("the body must be a JSON object") }
        return try Fields(validating: object, as: Self.declared)
    }

    // MARK: Status

    private func health(_ query: [(name: String, value: String)]) async throws -> Response {
        let isInitialized = try await core.seal.isInitialized
        let (code, override) = !isInitialized ? (501, "uninitcode") : core.isSealed ? (503, "sealedcode") : (200, "activecode")
        let asked = query.last { $0.name == override }?.value
        if let asked, Int(asked).map({ (200...599).contains($0) }) != true {
            throw CofferError.invalid("query parameter '\(override)' must be a status code")
        }
        var body: JSONObject = [
            "initialized": .bool(isInitialized), "sealed": .bool(core.isSealed), "standby": false, "performance_standby": false,
            "replication_performance_mode": "disabled", "replication_dr_mode": "disabled",
            "server_time_utc": .int(core.environment.time.now().seconds), "version": .string(core.settings.version),
            "enterprise": false, "echo_duration_ms": 0, "clock_skew_ms": 0,
        ]
        if !core.isSealed {
            body["cluster_name"] = .string(core.settings.clusterName)
            body["cluster_id"] = .string(core.clusterID)
        }
        return .bare(body, status: asked.flatMap { Int($0) } ?? code)
    }

    private func sealStatus() async throws -> JSONObject {
        let status = try await core.seal.status()
        let isSealed = core.isSealed
        var body: JSONObject = [
            "type": .string(status.kind.rawValue), "initialized": .bool(status.isInitialized), "sealed": .bool(isSealed),
            "t": .int(status.threshold), "n": .int(status.shares), "progress": .int(status.progress),
            "nonce": .string(status.nonce), "version": .string(core.settings.version), "build_date": "",
            "migration": .bool(status.isMigrating), "recovery_seal": .bool(status.hasRecoverySeal),
            "storage_type": .string(core.settings.storageType),
        ]
        if !isSealed {
            body["cluster_name"] = .string(core.settings.clusterName)
            body["cluster_id"] = .string(core.clusterID)
        }
        return body
    }

    private var leader: JSONObject {
        [
            "ha_enabled": false, "is_self": .bool(!core.isSealed), "active_time": "0001-01-01T00:00:00Z",
            "leader_address": .string(core.settings.apiAddress), "leader_cluster_address": .string(core.settings.clusterAddress),
            "performance_standby": false, "performance_standby_last_remote_wal": 0,
        ]
    }

    // MARK: Initialising and unsealing

    private func initialize(_ fields: Fields) async throws -> Response {
        for name in ["pgp_keys", "recovery_pgp_keys"] where fields.strings(name)?.isEmpty == false {
            throw CofferError.invalid("PGP is not supported; leave out '\(name)'")
        }
        guard fields.string("root_token_pgp_key").map(\.isEmpty) != false else {
            throw CofferError.invalid("PGP is not supported; leave out 'root_token_pgp_key'")
        }
        let made = try await core.initialize(
            shares: try count(fields, "secret_shares", "secret_threshold"),
            recoveryShares: try count(fields, "recovery_shares", "recovery_threshold"))
        var body: JSONObject = [
            "keys": .strings(made.unsealShares.map(KeyShow.hex)), "keys_base64": .strings(made.unsealShares.map(KeyShow.base64)),
            "root_token": .string(made.rootToken),
        ]
        if !made.recoveryShares.isEmpty {
            body["recovery_keys"] = .strings(made.recoveryShares.map(KeyShow.hex))
            body["recovery_keys_base64"] = .strings(made.recoveryShares.map(KeyShow.base64))
        }
        return .bare(body)
    }

    private func count(_ fields: Fields, _ shares: String, _ threshold: String) throws -> ShareCount? {
        guard let count = fields.int(shares), count != 0 || fields.int(threshold) ?? 0 != 0 else { return nil }
        return try ShareCount(shares: count, threshold: fields.int(threshold) ?? 0)
    }

    private func unseal(_ fields: Fields) async throws -> Response {
        if fields.bool("reset") == true {
            _ = try await core.seal.resetUnseal()
            return .bare(try await sealStatus())
        }
        guard let key = fields.string("key"), !key.isEmpty else {
            throw CofferError.invalid("'key' must be specified in request body as JSON, or 'reset' set to true")
        }
        try await core.unseal(share: key, migrate: fields.bool("migrate") ?? false)
        return .bare(try await sealStatus())
    }
}

/// Shares as the protocol writes them.
enum KeyShow {
    static func hex(_ key: SecretBytes) -> String {
        key.withBytes { bytes in
            bytes.map { byte in
                let digits = String(byte, radix: 16)
                return digits.utf8.count == 1 ? "0" + digits : digits
            }.joined()
        }
    }

    static func base64(_ key: SecretBytes) -> String { key.withBytes { Data($0).base64EncodedString() } }
}
