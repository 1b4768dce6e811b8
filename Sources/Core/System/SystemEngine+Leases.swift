import EngineKit
import Lifetimes
import Policy
import Syntax

extension SystemEngine {
    private static let idField = Field("lease_id", .string, "Id of the lease.")
    private static let urlField = Field("url_lease_id", .string, "Id of the lease, in the path.")
    private static let incrementField = Field("increment", .duration, "Life to renew by, in seconds; 0 for the engine's default.")
    private static let syncField = Field(
        "sync", .bool, default: true, "Whether to wait until the leases are revoked; otherwise they are queued.")

    /// The paths of leases.
    var leasePaths: [EnginePath] {
        [leaseLookup] + leaseChanges() + leaseChanges("/{url_lease_id...}", [Self.urlField]) + leasePathsOfMany + leaseReports
    }

    // MARK: One lease

    private var leaseLookup: EnginePath {
        EnginePath("leases/lookup", "Looks up a lease.", fields: [Self.idField] + Paging.fields)
            .updating("Read the times of a lease.", changesNothing: true) { try await lookUpLease($0) }
            .listing("List leases; needs sudo.") { request in
                // The path is shared with the lookup of one lease, for which knowing its id is enough.
                guard try await isOperator(request) else { throw CofferError.denied }
                return try await listLeases(request, "")
            }
    }

    /// Renewing and revoking a lease that is named in the body or, with a tail, in the path.
    private func leaseChanges(_ tail: String = "", _ more: [Field] = []) -> [EnginePath] {
        let fields = [Self.idField] + more
        return [
            EnginePath(PathPattern("leases/renew" + tail), "Renews a lease.", fields: fields + [Self.incrementField])
                .updating("Renew a lease.") { try await renewLease($0) },
            EnginePath(PathPattern("leases/revoke" + tail), "Revokes a lease.", fields: fields + [Self.syncField])
                .updating("Revoke a lease.") { try await revokeLease($0) },
        ]
    }

    private func leaseID(_ request: Request) throws(CofferError) -> String {
        let (named, inPath) = (request.fields.text("lease_id"), request.fields.text("url_lease_id"))
        guard !named.isEmpty || !inPath.isEmpty else { throw .invalid("missing lease_id") }
        // If the body could name another lease, policies on the path would be useless.
        guard named.isEmpty || inPath.isEmpty || named.utf8.elementsEqual(inPath.utf8) else {
            throw .invalid("'lease_id' contradicts the path")
        }
        return named.isEmpty ? inPath : named
    }

    private func lookUpLease(_ request: Request) async throws -> Response {
        let (id, now) = (try leaseID(request), core.environment.time.now())
        let (times, isRenewable, seconds): ([Timestamp?], Bool, Int)
        if let entry = try await leases.store.read(id)?.entry {
            times = [entry.issuedAt, entry.expiresAt, entry.renewedAt]
            (isRenewable, seconds) = (entry.isRenewable && entry.state == .active, entry.secondsLeft(at: now))
        } else if let token = try await leases.token(ofLease: id), token.isValid(at: now) {
            times = [token.createdAt, token.expiresAt, token.renewedAt]
            (isRenewable, seconds) = (token.isRenewable, token.secondsLeft(at: now))
        } else {
            throw CofferError.invalid("invalid lease")
        }
        let texts = times.map { $0.map { JSON.string($0.description) } ?? .null }
        return .data([
            "id": .string(id), "issue_time": texts[0], "expire_time": texts[1], "last_renewal": texts[2],
            "renewable": .bool(isRenewable), "ttl": .int(seconds),
        ])
    }

    private func renewLease(_ request: Request) async throws -> Response {
        let (renewed, warnings) = try await leases.renew(
            try leaseID(request), increment: request.fields.seconds("increment"))
        var response = Response(.none, warnings: warnings)
        response.lease = .held(renewed.shown(at: core.environment.time.now()))
        return response
    }

    private func revokeLease(_ request: Request) async throws -> Response {
        let waits = request.fields.flag("sync")
        try await leases.revoke(try leaseID(request), waits: waits)
        return waits ? .empty : Response(.none, status: 202)
    }

    // MARK: Many leases

    private var leasePathsOfMany: [EnginePath] {
        let prefixField = Field("prefix", .string, "Path below which all leases are affected.")
        return [
            EnginePath(
                "leases/lookup/{prefix...}", "Lists the leases below a path.", fields: [prefixField] + Paging.fields, access: .sudo
            )
            .listing("List leases.") { try await listLeases($0, $0.captures["prefix"] + "/") },
            EnginePath(
                "leases/revoke-prefix/{prefix...}", "Revokes the leases below a path.", fields: [prefixField, Self.syncField],
                access: .sudo, allowsFolder: true
            )
            .updating("Revoke the leases below a path.") { request in
                let waits = request.fields.flag("sync")
                try await leases.revokeAll(try prefix(request), waits: waits)
                return waits ? .empty : Response(.none, status: 202)
            },
            EnginePath(
                "leases/revoke-force/{prefix...}", "Forgets the leases below a path.",
                details:
                    "Also asks the engine to revoke them, but forgets them if that fails, so their credentials may stay valid.",
                fields: [prefixField],
                access: .sudo, allowsFolder: true
            )
            .updatingWithoutAnswer("Forget the leases below a path.") { request in
                try await leases.revokeAll(try prefix(request), force: true)
            },
        ]
    }

    private func prefix(_ request: Request) throws(CofferError) -> String {
        let prefix = request.captures["prefix"]
        guard !prefix.isEmpty else { throw .invalid("missing prefix") }
        return prefix
    }

    private func listLeases(_ request: Request, _ prefix: String) async throws -> Response {
        let paging = Paging(request.fields)
        let names = try await leases.store.list(prefix, after: paging.after, limit: paging.limit)
        let tokens = try await leases.tokenNames(below: prefix, after: paging.after, limit: paging.limit)
        let all = Set(names + tokens).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return try .keys(Array(all.prefix(paging.limit)))
    }

    private func isOperator(_ request: Request) async throws -> Bool {
        try await access.acl(of: request.caller).isSudo(path: "sys/leases/lookup/")
    }

    // MARK: Reports

    private var leaseReports: [EnginePath] {
        let typeField = Field("type", .string, default: "irrevocable", "Only \"irrevocable\".")
        return [
            EnginePath(
                "leases", "Lists the leases that cannot be revoked.",
                fields: [typeField, Field("limit", .string, "Maximum number of leases to list, or \"none\".")],
                access: .sudo
            )
            .reading("List the leases and their errors.") { try await irrevocables($0, showsLeases: true) },
            EnginePath("leases/count", "Counts the leases that cannot be revoked.", fields: [typeField], access: .sudo)
                .reading("Count the leases by mount.") { try await irrevocables($0, showsLeases: false) },
            EnginePath("leases/tidy", "Revokes the leases of tokens that no longer exist.", access: .sudo)
                .updating("Start a tidy.") { _ in
                    leases.tidy()
                    return Response(
                        .none, status: 202,
                        warnings: [
                            "Tidy operation successfully started. The leases that it finds are revoked in the background."
                        ])
                },
        ]
    }

    private func irrevocables(_ request: Request, showsLeases: Bool) async throws -> Response {
        guard request.fields.string("type") == "irrevocable" else {
            throw CofferError.invalid("field 'type' must be \"irrevocable\"")
        }
        let shownMax = showsLeases ? Paging.limit(request.fields.string("limit").flatMap(Int.init)) : 0
        var (shown, counts, total, last): ([JSON], [String: Int], Int, String?) = ([], [:], 0, nil)
        while true {
            let ids = try await leases.store.irrevocables(after: last, limit: 1_000)
            for id in ids {
                guard let entry = try await leases.store.read(id)?.entry else { continue }
                total += 1
                counts[entry.mountPath, default: 0] += 1
                guard shown.count < shownMax else { continue }
                shown.append(
                    ["lease_id": .string(id), "mount_id": .string(entry.mountID), "error": .string(entry.failure)])
            }
            last = ids.last
            if ids.count < 1_000 { break }
        }
        var data: JSONObject = ["lease_count": .int(total), "counts": .object(JSONObject(sorting: counts) { .int($0) })]
        if showsLeases { data["leases"] = .array(shown) }
        return .data(data)
    }
}
