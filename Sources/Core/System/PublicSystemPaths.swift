import Barrier
import EngineKit
import Foundation
import Lifetimes
import Identity
import SecretMemory
import Syntax

/// The paths that answer whether or not the server is sealed, without a token: nothing else does.
///
/// While sealed there is no key to audit with; see ``Core/recordOpenPath(_:_:answer:wasOpen:)`` for what is on record of them. They
/// are declared like all others, so that help and the API's description know them.
struct PublicSystemPaths: Sendable {
    unowned let core: Core

    private static let names = ["health", "seal-status", "leader", "init", "unseal"]

    /// nil when the path is not one of these, or when help is asked for, which takes a token.
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

    static let sealStatus = "sys/seal-status"

    /// Returns whose token came with a request that needs none, or nil if it may not be used from there.
    ///
    /// Narrowed tokens and tokens with a single purpose or a bounded number of uses count as none, because nothing is spent here. So
    /// does every token on a node that is cut off, which may not know of its revocation.
    private func caller(_ incoming: CoreRequest) async -> Caller? {
        guard case .token(let token) = incoming.credentials, let services = core.services,
            core.environment.cluster?.mayServe ?? true, let found = try? await services.tokens.find(token), !found.isWrapping,
            found.entry.usesLeft == 0, found.entry.isUsable(from: incoming.connection.remoteAddress)
        else { return nil }
        if !found.entry.entityID.isEmpty {
            guard let entity = try? await services.identity.resolve(found.entry.entityID), !entity.isDisabled else { return nil }
        }
        return found.entry.caller
    }

    // MARK: Paths

    var paths: [EnginePath] { Self.names.compactMap { path($0[...]) } }

    /// Made once: health is asked for all the time.
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
                "health", "Returns whether the server is ready, as the status of the answer.", fields: Self.healthCodes,
                access: .unauthenticated,
                endpoints: [.read: .init("The state of the server.", changesNothing: true) { try await health($0.fields) }])
        case "seal-status":
            EnginePath(
                "seal-status", "Returns whether the server is sealed, and the progress of unsealing.", access: .unauthenticated,
                endpoints: [
                    .read: .init("The state of the seal.", changesNothing: true) { request in
                        .bare(try await sealStatus(showsKey: request.caller != nil))
                    }
                ])
        case "leader":
            EnginePath(
                "leader", "Returns which node leads.", access: .unauthenticated,
                endpoints: [.read: .init("The active node.", changesNothing: true) { _ in .bare(leader) }])
        case "init":
            EnginePath(
                "init", "Initializes a new server.", fields: Self.initFields, access: .unauthenticated,
                endpoints: [
                    .read: .init("Whether the server is initialized.", changesNothing: true) { _ in
                        .bare(["initialized": .bool(try await core.seal.isInitialized)])
                    },
                    .update: .init("Make the keys and the first root token.") { try await initialize($0.fields) },
                ])
        case "unseal":
            EnginePath(
                "unseal", "Unseals the server.", fields: Self.unsealFields, access: .unauthenticated,
                endpoints: [.update: .init("Give one share of the unseal key.") { try await unseal($0.fields) }])
        default: nil
        }
    }

    private static let healthCodes: [Field] = [
        ("activecode", "is ready"), ("standbycode", "is a standby"), ("drsecondarycode", "is a secondary for disasters"),
        ("performancestandbycode", "is a performance standby"), ("sealedcode", "is sealed"), ("uninitcode", "is not initialized"),
    ].map { Field($0.0, .string, query: true, "The status to answer with when the server \($0.1).") }

    private static let initFields: [Field] = [
        Field("secret_shares", .int, "Into how many shares the unseal key is split."),
        Field("secret_threshold", .int, "How many of them unseal."),
        Field("recovery_shares", .int, "The same for the recovery key of a seal that unseals automatically."),
        Field("recovery_threshold", .int, "How many of them are a quorum."),
        Field("pgp_keys", .strings, "Not supported."),
        Field("recovery_pgp_keys", .strings, "Not supported."),
        Field("root_token_pgp_key", .string, "Not supported."),
    ]

    private static let unsealFields: [Field] = [
        Field("key", .string, "One share."),
        Field("reset", .bool, "Drop the shares given so far."),
        Field("migrate", .bool, "Move to the configured seal."),
    ]

    /// The query of a read, the body of a write: a share never comes in a query, which proxies write down.
    private func fields(_ incoming: CoreRequest, _ declared: EnginePath) throws(CofferError) -> Fields {
        // No field of a read here has a default or is required, and load balancers ask for health all the time.
        if incoming.operation == .read, incoming.query.isEmpty { return Fields() }
        var input = JSONObject()
        if incoming.operation == .read {
            for item in incoming.query { input[item.name] = .string(item.value) }
        } else if incoming.isForm {
            throw RequestInput.isForm
        } else if !incoming.body.isEmpty {
            let value: JSON
            do {
                value = try JSON(parsing: incoming.body, limits: core.settings.jsonLimits)
            } catch {
                throw .invalid("the body is not acceptable JSON: \(error)")
            }
            guard let object = value.objectValue else { throw .invalid("the body must be a JSON object") }
            input = object
        }
        return try Fields(validating: input, as: declared.fields)
    }

    // MARK: Status

    private func health(_ query: Fields) async throws -> Response {
        let isInitialized = try await core.seal.isInitialized
        let isSealed = core.isSealed
        let trouble = core.trouble
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
        // A node that can do nothing is none of those that a client may call ready.
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
        if !isSealed {
            body["cluster_name"] = .string(core.settings.clusterName)
            body["cluster_id"] = .string(core.clusterID)
        }
        if isCutOff { body["cut_off"] = true }
        if !isSealed, let trouble {
            body["unavailable"] = .string(trouble.reason)
            body["unavailable_reason"] = .string(trouble.text)
        } else if let first = core.degradations.first {
            body["degraded"] = .string(first.reason)
            body["degraded_reason"] = .string(core.degradations.map(\.text).joined(separator: "; "))
        }
        return .bare(body, status: asked.flatMap { Int($0) } ?? code)
    }

    /// - Parameter showsKey: Whether to name the seal's key. Vault and OpenBao do not, so strangers are not told.
    private func sealStatus(showsKey: Bool = false) async throws -> JSONObject {
        let status = try await core.seal.status()
        let isSealed = core.isSealed
        var body: JSONObject = [
            "type": .string(status.kind.rawValue), "initialized": .bool(status.isInitialized), "sealed": .bool(isSealed),
            "t": .int(status.threshold), "n": .int(status.shares), "progress": .int(status.progress),
            "nonce": .string(status.nonce), "version": .string(core.settings.version), "build_date": "",
            "migration": .bool(status.isMigrating), "recovery_seal": .bool(status.hasRecoverySeal),
            "storage_type": .string(core.settings.storageType),
        ]
        if status.hasRecoverySeal { body["recovery_seal_type"] = "shamir" }
        if showsKey, !status.keyID.isEmpty { body["seal_key_id"] = .string(status.keyID) }
        if !isSealed, let trouble = core.trouble {
            body["unavailable"] = .string(trouble.reason)
            body["unavailable_reason"] = .string(trouble.text)
        }
        if !isSealed {
            body["cluster_name"] = .string(core.settings.clusterName)
            body["cluster_id"] = .string(core.clusterID)
        }
        return body
    }

    /// Every node serves; the one that leads also does the work that is done once for all.
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

    // MARK: Initialising and unsealing

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

    /// Whoever asks for shares of an unseal key would get none from a seal that opens by itself. Clients of Vault 1.8 send their
    /// 5 and 3 whatever the seal is, beside the counts of the recovery key.
    private func checkShares(_ fields: Fields) throws(CofferError) {
        let kind = core.seal.configuredKind
        let secret = (fields.number("secret_shares"), fields.number("secret_threshold"))
        guard kind.opensByItself, secret != (0, 0) else { return }
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

/// Shares as the protocol writes them.
enum KeyShareFormat {
    static func hex(_ key: SecretBytes) -> String { key.withBytes { Hex.encode($0) } }

    static func base64(_ key: SecretBytes) -> String { key.withBytes { Base64.encode($0) } }
}
