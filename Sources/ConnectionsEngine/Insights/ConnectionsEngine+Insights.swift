import EngineKit
import Syntax

extension ConnectionsEngine {
    /// The number of index entries that are counted. The answer says whether there were more.
    static let countedMax = 200_000
    /// The number of owners with broken connections that are listed.
    static let ownersShownMax = 500

    /// `insights`: statistics about all connections of the mount.
    var insights: EnginePath {
        EnginePath(
            "insights", "Show statistics about connections.",
            details: "The numbers come from daily counters and indexes, not from a log.",
            fields: [
                Field("days", .int, default: 30, "The number of past days to include, 1 to 400."),
                Field("ahead", .int, default: 14, "The number of coming days to include, 1 to 90."),
            ]
        )
        .reading("Read disconnections, coming expiries, failure rates and owners with broken connections.", readInsights)
    }

    private func readInsights(_ request: Request) async throws -> Response {
        let days = request.fields.number("days")
        let ahead = request.fields.number("ahead")
        guard (1...400).contains(days), (1...90).contains(ahead) else {
            throw CofferError.invalid("field 'days' must be 1 to 400 and field 'ahead' 1 to 90")
        }
        let today = Counters.day(time.now())
        try? await counters.flush(today: today)
        let sums = try await counters.sums(from: today - days + 1, to: today)
        let (expiries, isWhole) = try await expiries(from: today, days: ahead)
        var shown: JSONObject = [
            "window_days": .int(days), "disconnections": disconnections(sums), "refreshes": refreshes(sums),
            "expiries_ahead": expiries, "expiries_counted_whole": .bool(isWhole),
            "partial_owners": try await partialOwners(),
        ]
        if let state = environment.events.state { shown["events"] = .object(state) }
        return .data(shown)
    }

    private typealias Sums = [(kind: Counters.Kind, platform: String, code: String, count: Int)]

    /// Disconnections by platform and reason, most frequent first.
    private func disconnections(_ sums: Sums) -> JSON {
        let found = Dictionary(grouping: sums.filter { $0.kind == .disconnected }, by: \.platform)
        return .array(
            found.map { (platform: $0.key, count: $0.value.reduce(0) { $0 + $1.count }, rows: $0.value) }
                .sorted { ($1.count, $0.platform) < ($0.count, $1.platform) }
                .map { entry in
                    [
                        "platform": .string(entry.platform), "count": .int(entry.count),
                        "reasons": .object(JSONObject(entry.rows.map { .init(key: $0.code, value: .int($0.count)) })),
                    ]
                })
    }

    /// Successful and failed refreshes by platform, with the failure rate as a fraction of three digits.
    private func refreshes(_ sums: Sums) -> JSON {
        let found = Dictionary(grouping: sums.filter { $0.kind == .refreshed || $0.kind == .failed }, by: \.platform)
        return .array(
            found.keys.sorted().map { platform in
                let rows = found[platform] ?? []
                let good = rows.filter { $0.kind == .refreshed }.reduce(0) { $0 + $1.count }
                let bad = rows.filter { $0.kind == .failed }
                let failed = bad.reduce(0) { $0 + $1.count }
                let perMille = good + failed == 0 ? 0 : failed * 1_000 / (good + failed)
                return [
                    "platform": .string(platform), "refreshed": .int(good), "failed": .int(failed),
                    "failure_rate": .number("\(perMille / 1_000).\(String(perMille % 1_000 + 1_000).dropFirstUTF8())"),
                    "errors": .object(JSONObject(bad.map { .init(key: $0.code, value: .int($0.count)) })),
                ]
            })
    }

    /// Counts the connections that expire on each coming day, by the index of due times: a token is due a little before it
    /// expires.
    private func expiries(from today: Int, days: Int) async throws -> (JSON, isWhole: Bool) {
        var counts = [Int](repeating: 0, count: days)
        var left = Self.countedMax
        for folder in try await store.storage.list(Listing(prefix: ConnectionStore.Key.due)) where left > 0 {
            try await count(folder, from: today, into: &counts, left: &left)
        }
        let rows: [JSON] = counts.enumerated().map { offset, count in
            ["day": .string(String(UnixTime.text((today + offset) * 86_400).prefixUTF8(10))), "count": .int(count)]
        }
        return (.array(rows), left > 0)
    }

    /// Adds one platform's entries to the counts.
    private func count(_ folder: String, from today: Int, into counts: inout [Int], left: inout Int) async throws {
        let end = ConnectionStore.Key.bucket((today + counts.count) * 86_400)
        var after: String?
        while left > 0 {
            let limit = min(left, StorageLimits.pageMax)
            let names = try await store.storage.list(
                Listing(prefix: ConnectionStore.Key.due + folder, after: after, limit: limit, isRecursive: true))
            for name in names {
                guard name.prefixUTF8(12) < end, let dueAt = Int(name.prefixUTF8(12)) else { return }
                counts[min(max(dueAt / 86_400 - today, 0), counts.count - 1)] += 1
                left -= 1
            }
            guard names.count == limit else { return }
            after = names.last
        }
    }

    /// Owners that have both broken and working connections.
    private func partialOwners() async throws -> JSON {
        let names = try await store.storage.list(
            Listing(prefix: ConnectionStore.Key.broken, limit: StorageLimits.pageMax, isRecursive: true))
        var broken: [String: [String]] = [:]
        for name in names {
            guard let id = ConnectionID(path: name) else { continue }
            broken[id.owner.description, default: []].append("\(id.environment)/\(id.platform)")
        }
        var rows: [JSON] = []
        for name in broken.keys.sorted().prefix(Self.ownersShownMax) {
            guard let owner = try? Owner(name), let lost = broken[name] else { continue }
            let held = try await store.connections(of: owner, limit: 1_000).count
            guard held > lost.count else { continue }
            rows.append(["owner": .string(name), "connections": .int(held), "broken": .strings(lost)])
        }
        return [
            "owners_with_broken": .int(broken.count), "owners": .array(rows), "whole": .bool(names.count < StorageLimits.pageMax),
        ]
    }
}
