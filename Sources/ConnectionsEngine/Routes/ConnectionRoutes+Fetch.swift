import EngineKit
import Syntax

extension ConnectionRoutes {
    static let names = [
        Field("owner", .string, "user:ID or project:ID."), Field("environment", .string, "Such as prod."),
        Field("platform", .string, "Such as slack, in any case."),
    ]

    var tokens: EnginePath {
        EnginePath(
            "tokens/{owner}/{environment}/{platform}", "A connection's token, refreshed when it must be.",
            details: """
                Reading answers a token that works: inside the margin before its expiry it is refreshed in the background, and \
                when it has expired while the caller waits. Writing stores what a provider gave, or an API key.
                """,
            fields: Self.names + [
                Field("scopes", .strings, "Reading: scopes the token must have. Writing: those it has."),
                Field("min_ttl", .duration, "Seconds the token must still be good for."),
                Field("access_token", .string, "The token."),
                Field("refresh_token", .string, "Buys new tokens."),
                Field("expires_in", .any, "Seconds from now."),
                Field("expires_at", .any, "Seconds since 1970, or a time such as 2025-08-10T12:00:00Z."),
                Field("api_key", .string, "In place of tokens, for platforms with keys."),
                Field("token_type", .string, "Bearer when not given."),
                Field("type", .string, "oauth, api_key or manual; found out when not given."),
                Field("metadata", .stringMap, "Kept beside the tokens: who stored it, workspace_id, …"),
            ],
            // What is no name is not there; that it is none is told to those who may ask.
            exists: { request in
                guard let id = try? foldedID(request) else { return false }
                return try await store.load(id) != nil
            },
            endpoints: [
                // A refresh that a read sets off is on record by itself, before it is begun.
                .read: .init("Fetch a token that works.", changesNothing: true, fetch),
                .create: .init("Store a connection.", write),
                .update: .init("Store a connection.", write),
                .delete: .init("Revoke it at the provider where that can be done, and destroy it.", delete),
            ])
    }

    private func fetch(_ request: Request) async throws -> Response {
        let id = try id(request)
        do {
            let grant = try await usable(id, request)
            event(.info, .fetched, "token fetched", id, request)
            return Response(.data(.object(shown(grant))))
        } catch {
            let refusal = CofferError(wrapping: error)
            event(.warn, .refused, "token not given out", id, request, refusal.reason ?? refusal.code.rawValue)
            throw error
        }
    }

    private func usable(_ id: ConnectionID, _ request: Request) async throws -> Grant {
        guard let loaded = try await store.load(id) else {
            throw ConnectionFailure.notConnected(id.platform)
        }
        let grant = loaded.grant
        if grant.state == .revoked { throw ConnectionFailure.revoked }
        let scopes = (request.fields.strings("scopes") ?? []).flatMap(ScopeList.split)
        try checkScopes(grant, scopes)
        let profile = environment.catalog[id.platform] ?? .unlisted(id.platform)
        let minimum = max(request.fields.duration("min_ttl") ?? 0, Grant.usableSecondsMin)
        let left = grant.secondsLeft(at: now)
        var order = Refresher.Order(id: id, seen: grant.generation, actor: request.actor, requestID: request.id)
        if left >= minimum {
            if left < grant.margin(profile), grant.canRefresh(profile), grant.nextAttemptAt <= now,
                !refresher.breaker.isOpen(id.platform, at: now)
            {
                order.actor = Refresher.itself
                refresher.begin(order)
            }
            return grant
        }
        let refreshed = try await refresher.refresh(order).get()
        guard refreshed.secondsLeft(at: now) >= min(minimum, refreshed.lifetime ?? .max) else {
            throw ConnectionFailure.failing("token_too_short", 1)
        }
        try checkScopes(refreshed, scopes)
        return refreshed
    }

    private func checkScopes(_ grant: Grant, _ wanted: [String]) throws(CofferError) {
        guard !wanted.isEmpty else { return }
        let held = Set(grant.scopes ?? [])
        let missing = wanted.filter { !held.contains($0) }
        guard missing.isEmpty else { throw ConnectionFailure.missingScopes(Array(missing.prefix(50))) }
    }

    private func shown(_ grant: Grant) -> JSONObject {
        var object: JSONObject = [
            "access_token": .string(grant.accessToken), "token_type": .string(grant.tokenType),
            "expires_at": grant.expiresAt.map { .string(Moment.text($0)) } ?? .null,
            "expires_in": grant.expiresAt.map { .int(max($0 - now, 0)) } ?? .null, "scopes": .strings(grant.scopes ?? []),
            "type": .string(grant.kind.rawValue),
        ]
        if grant.kind == .apiKey { object["api_key"] = .string(grant.accessToken) }
        if !grant.metadata.isEmpty { object["metadata"] = Self.sorted(grant.metadata) }
        return object
    }

    static func sorted(_ map: [String: String]) -> JSON {
        .object(JSONObject(map.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) }))
    }
}

/// Times to the second, as the Engine API writes them: `2025-08-10T12:00:00Z`.
enum Moment {
    static func text(_ seconds: Int) -> String {
        let bounded = min(max(seconds, 0), 9_000_000_000)
        return String(Timestamp(seconds: bounded).description.prefixUTF8(19)) + "Z"
    }

    /// A number of seconds (or a text of one), whose fraction does not count, or RFC 3339 with `Z` or an offset. nil when it is neither.
    static func seconds(_ value: JSON) -> Int? {
        switch value {
        case .number, .string: break
        default: return nil
        }
        if let number = TokenReading.number(value) { return number >= 0 && number < 9e9 ? Int(number) : nil }
        return value.stringValue.flatMap { parse(Array($0.utf8)) }
    }

    private static func parse(_ text: [UInt8]) -> Int? {
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= text.count, text[range].allSatisfy({ $0.isASCIIDigit }) else { return nil }
            return text[range].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        guard text.count >= 20, text.count <= 40, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10].asciiLowercased == UInt8(ascii: "t") || text[10] == 0x20, text[13] == UInt8(ascii: ":"),
            text[16] == UInt8(ascii: ":"),
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), (1970...2250).contains(year), (1...12).contains(month),
            (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var position = 19
        if text[position] == UInt8(ascii: ".") {
            position += 1
            while position < text.count, text[position].isASCIIDigit { position += 1 }
        }
        guard position < text.count else { return nil }
        var offset = 0
        switch text[position] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): guard position + 1 == text.count else { return nil }
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard position + 6 == text.count, text[position + 3] == UInt8(ascii: ":"),
                let hours = number(position + 1..<position + 3), let minutes = number(position + 4..<position + 6)
            else { return nil }
            offset = (hours * 60 + minutes) * (text[position] == UInt8(ascii: "+") ? 60 : -60)
        default: return nil
        }
        return CivilDate(year: year, month: month, day: day).daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second - offset
    }
}
