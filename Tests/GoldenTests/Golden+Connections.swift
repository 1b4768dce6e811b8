@testable import ConnectionsEngine
import EngineKit
import Syntax
import TestSupport

extension Golden {
    static let ofConnections: [Golden] =
        ["connections-owner", "connections-owner-deleting"].map { name in
            Golden(name) { try OwnerKey(decoding: StoredRecord(value: $0, version: 1), key: name).encoded }
        }
        + ["connections-grant", "connections-grant-key"].map { name in
            Golden(name) { try required(Grant(decoding: $0)).encoded() }
        }
        + [
            Golden("connections-flight") { try FlightRecord(decoding: $0, key: "flight").encoded() },
            Golden("connections-pending") { try required(PendingConnect(decoding: $0)).encoded() },
            Golden("connections-token") { bytes in
                let owner = try OwnerKey(
                    decoding: StoredRecord(value: try GoldenFiles.bytes("connections-owner"), version: 1), key: "owner")
                let id = try required(ConnectionID(path: "user:u1/prod/slack"))
                let plain = try owner.open(bytes, for: id, key: "token")
                return try owner.seal(plain, for: id, randomness: KnownRandomness(Array(bytes[1..<13])))
            },
            Golden("connections-client") { bytes in
                let storage = try await MemoryStorage.holding(["platform/slack/prod": bytes])
                let clients = ClientStore(storage: storage, catalog: .builtIn)
                try await clients.write(
                    try required(await clients.read("slack", "prod")), platform: "slack", environment: "staging")
                return try await storage.bytes("platform/slack/staging")
            },
            Golden("connections-counter") { bytes in
                let day = Counters.day(goldenMoment)
                let key = "counter/" + ConnectionStore.Key.bucket(day)
                let read = Counters(storage: try await MemoryStorage.holding([key: bytes]), platforms: ["slack"])
                let storage = MemoryStorage()
                let written = Counters(storage: storage, platforms: ["slack"])
                for sum in try await read.sums(from: day, to: day) {
                    for _ in 0..<sum.count { written.count(sum.kind, sum.platform, code: sum.code, at: goldenMoment) }
                }
                try await written.flush(today: day)
                return try await storage.bytes(key)
            },
        ]
}
