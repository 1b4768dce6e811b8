import EngineKit
import Testing

extension StorageContract {
    static let preconditions: [Check] = [
        Check("creates only what is absent") { storage async throws in
            try await commit(storage) { $0.put("k", [1], if: .absent, version: 1) }
            await expectConflict(storage, on: "k") { $0.put("k", [2], if: .absent, version: 2) }
            #expect(try await storage.get("k") == StoredRecord(value: [1], version: 1))
            try await commit(storage) { $0.delete("k") }
            try await commit(storage) { $0.put("k", [3], if: .absent, version: 3) }
            #expect(try await storage.get("k")?.version == 3)
        },
        Check("replaces and deletes only the expected version") { storage async throws in
            await expectConflict(storage, on: "k") { $0.put("k", [1], if: .version(0)) }
            try await commit(storage) { $0.put("k", [1], version: .max) }
            await expectConflict(storage, on: "k") { $0.put("k", [2], if: .version(1)) }
            await expectConflict(storage, on: "k") { $0.delete("k", if: .version(1)) }
            await expectConflict(storage, on: "k") { $0.delete("k", if: .absent) }
            try await commit(storage) { $0.put("k", [2], if: .version(.max), version: 5) }
            #expect(try await storage.get("k") == StoredRecord(value: [2], version: 5))
            try await commit(storage) { $0.delete("k", if: .version(5)) }
            #expect(try await storage.get("k") == nil)
        },
        Check("writes nothing of a batch when one precondition fails") { storage async throws in
            try await fill(storage, ["a", "b"])
            for failing in 0..<3 {
                await expectConflict(storage, on: "c") { batch in
                    let rest = [("new", [UInt8(1)]), ("a", [UInt8(2)])]
                    for (key, value) in rest[..<min(failing, 2)] { batch.put(key, value, version: 9) }
                    batch.put("c", [3], if: .version(1))
                    for (key, value) in rest[min(failing, 2)...] { batch.put(key, value, version: 9) }
                    batch.delete("b")
                }
                #expect(try await storage.list(Listing(prefix: "")) == ["a", "b"])
                #expect(try await storage.get("a") == StoredRecord(value: bytes("a"), version: 1))
            }
        },
        Check("changes nothing by a check, and refuses when it fails") { storage async throws in
            try await fill(storage, ["guard"])
            try await commit(storage) {
                $0.check("guard", .version(1))
                $0.check("none", .absent)
                $0.check("whatever", .none)
                $0.put("k", [1])
            }
            #expect(try await storage.list(Listing(prefix: "")) == ["guard", "k"])
            await expectConflict(storage, on: "guard") {
                $0.put("k", [2])
                $0.check("guard", .version(2))
            }
            await expectConflict(storage, on: "none") {
                $0.put("k", [2])
                $0.check("none", .version(1))
            }
            #expect(try await storage.get("k")?.value == [1])
            #expect(try await storage.get("guard") == StoredRecord(value: bytes("guard"), version: 1))
        },
        Check("goes on after a refused batch") { storage async throws in
            await expectConflict(storage, on: "k") { $0.check("k", .version(3)) }
            try await fill(storage, ["k"])
            #expect(try await storage.get("k") != nil)
        },
    ]

    static let races: [Check] = [
        Check("loses none of 64 concurrent increments") { storage async throws in
            try await commit(storage) { $0.put("n", [0], if: .absent, version: 0) }
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<64 {
                    group.addTask {
                        while true {
                            do {
                                let old = try await storage.get("n")
                                let count = (old?.value.first ?? 0) + 1
                                let version = (old?.version ?? 0) + 1
                                try await commit(storage) { $0.put("n", [count], if: .init(unchanged: old), version: version) }
                                return
                            } catch StorageError.conflict {
                                await Task.yield()
                            } catch {
                                Issue.record(error)
                                return
                            }
                        }
                    }
                }
            }
            #expect(try await storage.get("n") == StoredRecord(value: [64], version: 64))
        },
        Check("lets exactly one of 64 create a record") { storage async throws in
            let winners = await withTaskGroup(of: Int.self) { group in
                for index in 0..<64 {
                    group.addTask {
                        do {
                            try await commit(storage) {
                                $0.put("won", [UInt8(index)], if: .absent, version: 1)
                                $0.put("by/\(index)", [])
                            }
                            return 1
                        } catch { return 0 }
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(winners == 1)
            let winner = try #require(try await storage.get("won")?.value.first)
            #expect(try await storage.list(Listing(prefix: "by/")) == ["\(winner)"])
        },
        Check("shows a batch whole or not at all, and never an older state after a newer") { storage async throws in
            let keys = (0..<20).map { "pair/\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for version in 1...200 {
                        try await commit(storage) { for key in keys { $0.put(key, [], version: UInt64(version)) } }
                        #expect(try await storage.get(keys[version % 20])?.version == UInt64(version))
                    }
                }
                for reader in 0..<4 {
                    group.addTask {
                        var seen: UInt64 = 0
                        while seen < 200 {
                            let version = try await storage.get(keys[reader])?.version ?? 0
                            #expect(version >= seen)
                            seen = version
                            await Task.yield()
                        }
                    }
                }
                try await group.waitForAll()
            }
        },
    ]
}
