import Barrier
import EngineKit
import Foundation
import Lifetimes
import Identity
import SecretMemory
import Syntax

/// The paths of `sys/` that need no token and that are served while the server is sealed: `health`, `seal-status`, `leader`, `init`
/// and `unseal`.
///
/// There is no key to audit with while sealed; see ``Core/recordOpenPath(_:_:answer:wasOpen:)`` for what is recorded. The paths are
/// declared like all others, so that help and the API description contain them.
struct PublicSystemPaths: Sendable {
    unowned let core: Core

    private static let names = ["health", "seal-status", "leader", "init", "unseal"]

    /// Returns the answer to a request, or nil if its path is another one or it asks for help, which needs a token.
    func answer(_ incoming: CoreRequest, _ path: CanonicalPath) async -> CoreAnswer? {
        guard path.text.hasUTF8Prefix("sys/"), !path.isFolder, incoming.operation != .help else { return nil }
        guard let declared = declared(path.text.dropFirstUTF8(4)) else { return nil }
        var answer = CoreAnswer(requestID: incoming.id, mountType: "system", path: path.text, outcome: .failure(.notFound))
        do {
            guard let endpoint = declared.endpoint(for: incoming.operation) else {
                throw CofferError(.methodNotAllowed, "unsupported operation")
            }
            let request = Request(
                id: incoming.id, operation: incoming.operation, path: path, mountPath: "sys/",
                fields: try fields(incoming, declared), caller: path.text == Self.sealStatus ? await caller(incoming) : nil,
                connection: incoming.connection)
            answer.outcome = .success(try await endpoint.handler(request))
        } catch {
            answer.outcome = .failure(core.presentable(error, requestID: incoming.id))
        }
        return answer
    }

    /// The path whose answer to a valid token contains the id of the seal's key.
    static let sealStatus = "sys/seal-status"

    /// Returns the caller whose token came with a request that needs none, or nil if the token is not valid.
    ///
    /// Narrowed, single-purpose and use-limited tokens do not count, because no use is spent here. No token counts on a node that
    /// is cut off from the store, because it may have been revoked.
    private func caller(_ incoming: CoreRequest) async -> Caller? {
        guard case .token(let token) = incoming.credentials, let services = core.services,
            core.environment.cluster?.mayServe ?? true, let found = try? await services.tokens.find(token), !found.isWrapping,
            found.entry.usesLeft == 0, let usable = try? await services.usable(found, from: incoming.connection)
        else { return nil }
        return usable.token.caller
    }

    // MARK: Paths

    /// The declarations of all paths.
    var paths: [EnginePath] { Self.names.compactMap { path($0[...]) } }

    /// Returns the declaration of a path below `sys/`. It is cached, because load balancers request `health` often.
    private func declared(_ name: Substring) -> EnginePath? {
        core.openPaths.withLock { known in
            if let path = known[name] { return path }
            guard let path = path(name) else { return nil }
            known[name] = path
            return path
        }
    }

    private func path(_ name: Substring) -> EnginePath? {
        switch name {
        case "health":
            EnginePath(
                "health", "Returns whether the server is ready, by the status of the answer.", fields: Self.healthCodes,
                access: .unauthenticated
            )
            .reading("Read the server's health.") { try await health($0.fields) }
        case "seal-status":
            EnginePath(
                "seal-status", "Returns whether the server is sealed, and the progress of unsealing.", access: .unauthenticated
            )
            .reading("Read the state of the seal.") { .bare(try await sealStatus(showsKey: $0.caller != nil)) }
        case "leader":
            EnginePath("leader", "Returns which node leads.", access: .unauthenticated)
                .reading("Read the leader.") { _ in .bare(leader) }
        case "init":
            EnginePath("init", "Initializes a new server.", fields: Self.initFields, access: .unauthenticated)
                .reading("Read whether the server is initialized.") { _ in
                    .bare(["initialized": .bool(try await core.seal.isInitialized)])
                }
                .updating("Create the keys and the first root token.") { try await initialize($0.fields) }
        case "unseal":
            EnginePath("unseal", "Unseals the server.", fields: Self.unsealFields, access: .unauthenticated)
                .updating("Give one share of the unseal key.") { try await unseal($0.fields) }
        default: nil
        }
    }

    private static let healthCodes: [Field] = [
        ("activecode", "is ready"), ("standbycode", "is a standby"), ("drsecondarycode", "is a disaster-recovery secondary"),
        ("performancestandbycode", "is a performance standby"), ("sealedcode", "is sealed"), ("uninitcode", "is not initialized"),
    ].map { Field($0.0, .string, query: true, "The status to answer with when the server \($0.1).") }

    private static let initFields: [Field] = [
        Field("secret_shares", .int, "Number of shares of the unseal key."),
        Field("secret_threshold", .int, "Number of shares needed to unseal."),
        Field("recovery_shares", .int, "Number of shares of the recovery key, for a seal that unseals automatically."),
        Field("recovery_threshold", .int, "Number of recovery shares that form a quorum."),
        Field("pgp_keys", .strings, "Not supported."),
        Field("recovery_pgp_keys", .strings, "Not supported."),
        Field("root_token_pgp_key", .string, "Not supported."),
    ]

    private static let unsealFields: [Field] = [
        Field("key", .string, "One share of the unseal key."),
        Field("reset", .bool, "Whether to discard the shares given so far."),
        Field("migrate", .bool, "Whether the shares move the store to the configured seal."),
    ]

    /// Returns the fields of a request: the query of a read, the body of a write. A share is never read from the query, because
    /// proxies log it.
    private func fields(_ incoming: CoreRequest, _ declared: EnginePath) throws(CofferError) -> Fields {
        // The fields of these reads have no defaults, so a request without a query, as load balancers send, is quick.
        if incoming.operation == .read, incoming.query.isEmpty { return Fields() }
        var input = RequestInput(incoming)
        if incoming.operation != .read, let malformed = input.parseBody(incoming, as: .json, limits: core.settings.jsonLimits) {
            throw malformed
        }
        return try Fields(validating: input.data, as: declared.fields)
    }

    // MARK: Status

    private func health(_ query: Fields) async throws -> Response {
        let isInitialized = try await core.seal.isInitialized
        let services = core.services
        let isSealed = services == nil
        let trouble = core.trouble(of: services)
        let isCutOff = trouble?.reason == "cut_off"
        let (code, override): (Int, String?)
        if !isInitialized {
            (code, override) = (501, "uninitcode")
        } else if isSealed {
            (code, override) = (503, "sealedcode")
        } else if isCutOff {
            (code, override) = (503, "standbycode")
        } else {
            (code, override) = trouble != nil ? (503, nil) : (200, "activecode")
        }
        // A client chooses the status of some states, but not that of a node that cannot serve.
        let asked = override.flatMap { query.string($0) }
        if let override, let asked, Int(asked).map({ (200...599).contains($0) }) != true {
            throw CofferError.invalid("query parameter '\(override)' must be a status code")
        }
        var body: JSONObject = [
            "initialized": .bool(isInitialized), "sealed": .bool(isSealed), "standby": false, "performance_standby": false,
            "replication_performance_mode": "disabled", "replication_dr_mode": "disabled",
            "server_time_utc": .int(core.environment.time.now().seconds), "version": .string(core.settings.version),
            "enterprise": false, "echo_duration_ms": 0, "clock_skew_ms": 0,
        ]
        if isCutOff { body["cut_off"] = true }
        if let services {
            body["cluster_name"] = .string(core.settings.clusterName)
            body["cluster_id"] = .string(services.clusterID)
            let degradations = trouble == nil ? core.degradations(of: services) : []
            if let trouble {
                body["unavailable"] = .string(trouble.reason)
                body["unavailable_reason"] = .string(trouble.text)
            } else if let first = degradations.first {
                body["degraded"] = .string(first.reason)
                body["degraded_reason"] = .string(degradations.map(\.text).joined(separator: "; "))
            }
        }
        return .bare(body, status: asked.flatMap { Int($0) } ?? code)
    }

    /// Returns the answer of `seal-status`.
    ///
    /// - Parameter showsKey: Whether to include the id of the seal's key. Vault and OpenBao do not, so it is shown to valid
    ///   tokens only.
    private func sealStatus(showsKey: Bool = false) async throws -> JSONObject {
        let status = try await core.seal.status()
        let services = core.services
        let isSealed = services == nil
        var body: JSONObject = [
            "type": .string(status.kind.rawValue), "initialized": .bool(status.isInitialized), "sealed": .bool(isSealed),
            "t": .int(status.threshold), "n": .int(status.shares), "progress": .int(status.progress),
            "nonce": .string(status.nonce), "version": .string(core.settings.version), "build_date": "",
            "migration": .bool(status.isMigrating), "recovery_seal": .bool(status.hasRecoverySeal),
            "storage_type": .string(core.settings.storageType),
        ]
        if status.hasRecoverySeal { body["recovery_seal_type"] = "shamir" }
        if showsKey, !status.keyID.isEmpty { body["seal_key_id"] = .string(status.keyID) }
        if let services {
            if let trouble = core.trouble(of: services) {
                body["unavailable"] = .string(trouble.reason)
                body["unavailable_reason"] = .string(trouble.text)
            }
            body["cluster_name"] = .string(core.settings.clusterName)
            body["cluster_id"] = .string(services.clusterID)
        }
        return body
    }

    /// The answer of `leader`. All nodes serve requests; the leader also does the cluster's singleton work.
    private var leader: JSONObject {
        if let cluster = core.environment.cluster {
            let leader = cluster.nodes.first(where: \.isLeader)
            return [
                "ha_enabled": true, "is_self": .bool(leader?.isSelf ?? false),
                "active_time": .string(leader?.joinedAt.description ?? "0001-01-01T00:00:00Z"),
                "leader_address": .string(leader?.address ?? ""), "leader_cluster_address": .string(leader?.clusterAddress ?? ""),
                "performance_standby": false, "performance_standby_last_remote_wal": 0,
            ]
        }
        return [
            "ha_enabled": false, "is_self": .bool(!core.isSealed), "active_time": "0001-01-01T00:00:00Z",
            "leader_address": .string(core.settings.apiAddress), "leader_cluster_address": .string(core.settings.clusterAddress),
            "performance_standby": false, "performance_standby_last_remote_wal": 0,
        ]
    }

    // MARK: Initializing and unsealing

    private func initialize(_ fields: Fields) async throws -> Response {
        for name in ["pgp_keys", "recovery_pgp_keys"] where fields.strings(name)?.isEmpty == false {
            throw CofferError.invalid("PGP is not supported; leave out '\(name)'")
        }
        guard fields.string("root_token_pgp_key").map(\.isEmpty) != false else {
            throw CofferError.invalid("PGP is not supported; leave out 'root_token_pgp_key'")
        }
        try checkShares(fields)
        let made = try await core.initialize(
            shares: try count(fields, shares: "secret_shares", threshold: "secret_threshold"),
            recoveryShares: try count(fields, shares: "recovery_shares", threshold: "recovery_threshold"))
        var body: JSONObject = [
            "keys": .strings(made.unsealShares.map(KeyShareFormat.hex)),
            "keys_base64": .strings(made.unsealShares.map(KeyShareFormat.base64)),
            "root_token": .string(made.rootToken),
        ]
        if !made.recoveryShares.isEmpty {
            body["recovery_keys"] = .strings(made.recoveryShares.map(KeyShareFormat.hex))
            body["recovery_keys_base64"] = .strings(made.recoveryShares.map(KeyShareFormat.base64))
        }
        return .bare(body)
    }

    /// Throws if shares of an unseal key are requested from a seal that unseals automatically. The 5 and 3 that Vault 1.8 clients
    /// always send are ignored if the counts of the recovery key are there.
    private func checkShares(_ fields: Fields) throws(CofferError) {
        let kind = core.seal.configuredKind
        let secret = (fields.number("secret_shares"), fields.number("secret_threshold"))
        guard kind.unsealsAutomatically, secret != (0, 0) else { return }
        guard secret == (5, 3), fields.number("recovery_shares") > 0 else {
            throw .invalid(
                "parameters secret_shares,secret_threshold not applicable to seal type \(kind.rawValue): "
                    + "send recovery_shares and recovery_threshold")
        }
    }

    private func count(_ fields: Fields, shares: String, threshold: String) throws -> ShareCount? {
        guard let count = fields.int(shares), count != 0 || fields.number(threshold) != 0 else { return nil }
        return try ShareCount(shares: count, threshold: fields.number(threshold))
    }

    private func unseal(_ fields: Fields) async throws -> Response {
        if fields.flag("reset") {
            _ = try await core.seal.resetUnseal()
            return .bare(try await sealStatus())
        }
        guard let key = fields.string("key"), !key.isEmpty else {
            throw CofferError.invalid("'key' must be specified in request body as JSON, or 'reset' set to true")
        }
        try await core.unseal(share: key, migrate: fields.flag("migrate"))
        return .bare(try await sealStatus())
    }
}

/// The encodings of key shares in the API.
enum KeyShareFormat {
    /// Returns a share in hex.
    static func hex(_ key: SecretBytes) -> String { key.withBytes { Hex.encode($0) } }

    /// Returns a share in base64.
    static func base64(_ key: SecretBytes) -> String { key.withBytes { Base64.encode($0) } }
}
