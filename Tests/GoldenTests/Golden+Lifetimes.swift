import EngineKit
@testable import Lifetimes
import SecretMemory
import Syntax
import TestSupport

extension Golden {
    static let ofLifetimes: [Golden] =
        ["token", "token-root"].map { name in
            Golden(name) { try required(TokenEntry(id: "aa00", encoded: $0)).encoded() }
        }
        + ["lease", "lease-stuck"].map { name in
            Golden(name) { try required(LeaseEntry(id: "database/creds/app/x", encoded: $0)).encoded() }
        }
        + [
            Golden("token-accessor") { bytes in
                let (accessor, id) = try pointer(bytes)
                let (found, _) = store(
                    try await MemoryStorage.holding([store(MemoryStorage()).tokens.accessorKey(accessor): bytes]))
                guard try await found.id(accessor: accessor) == id else { throw Unreadable() }
                let (tokens, storage) = store(MemoryStorage())
                var batch = Batch()
                let made = tokens.prepare(
                    named: "coffer.s.golden", displayName: "root", policies: ["root"], path: "auth/token/root", into: &batch)
                try await storage.commit(batch)
                return try await storage.bytes(tokens.accessorKey(made.entry.accessor))
            }
        ]

    private static func pointer(_ bytes: [UInt8]) throws -> (accessor: String, id: String) {
        let json = try JSON(parsing: bytes)
        return (try required(json["accessor"]?.stringValue), try required(json["id"]?.stringValue))
    }

    private static func store(_ storage: MemoryStorage) -> (tokens: TokenStore, storage: MemoryStorage) {
        let tokens = TokenStore(
            storage: storage, key: SecretBytes(countingBytes(from: 1)), time: ManualTime(goldenMoment),
            randomness: SeededRandomness(seed: 1))
        return (tokens, storage)
    }
}
