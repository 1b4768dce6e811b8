import EngineKit
import Testing

extension StorageContract {
    static let records: [Check] = [
        Check("gives back a record exactly as it was put") { storage async throws in
            let values: [[UInt8]] = [[], [0], Array(0...255), Array(repeating: 7, count: 3_000_000)]
            for (index, value) in values.enumerated() {
                let version = index == 0 ? 0 : UInt64.max - UInt64(index)
                try await commit(storage) { $0.put("a/\(index)", value, version: version) }
                #expect(try await storage.get("a/\(index)") == StoredRecord(value: value, version: version))
            }
        },
        Check("has no record before a put and none after a delete") { storage async throws in
            #expect(try await storage.get("a/b") == nil)
            try await fill(storage, ["a/b", "a/c"])
            try await commit(storage) { $0.delete("a/b") }
            #expect(try await storage.get("a/b") == nil)
            #expect(try await storage.get("a/c") != nil)
            try await commit(storage) { $0.delete("a/b") }
            #expect(try await storage.list(Listing(prefix: "a/")) == ["c"])
        },
        Check("sees the last of many writes of a key") { storage async throws in
            for version in 1...50 {
                try await commit(storage) { $0.put("k", bytes("v\(version)"), version: UInt64(version)) }
                #expect(try await storage.get("k") == StoredRecord(value: bytes("v\(version)"), version: UInt64(version)))
            }
        },
        Check("keeps two spellings of one letter apart") { storage async throws in
            try await fill(storage, ["caf\u{E9}", "cafe\u{301}"])
            let value = try await storage.get("cafe\u{301}")?.value
            #expect(value == bytes("cafe\u{301}"))
            #expect(try await storage.get("caf\u{E9}")?.value == bytes("caf\u{E9}"))
            try await commit(storage) { $0.delete("caf\u{E9}") }
            #expect(try await storage.get("cafe\u{301}") != nil)
        },
        Check("accepts an empty batch") { storage async throws in
            try await storage.commit(Batch())
        },
    ]

    static let limits: [Check] = [
        Check("refuses a key outside the contract and writes nothing of its batch") { storage async throws in
            let long = String(repeating: "k", count: StorageLimits.keyBytesMax + 1)
            for key in ["", "/", "/a", "a/", "a//b", "a\u{0}b", "\u{0}", long] {
                await expectRefusal(storage) {
                    $0.put("good", [1])
                    $0.put(key, [1])
                }
                await expectRefusal(storage) { $0.delete(key) }
                await expectRefusal(storage) { $0.check(key, .absent) }
                #expect(try await storage.get(key) == nil)
            }
            #expect(try await storage.list(Listing(prefix: "", isRecursive: true)) == [])
        },
        Check("accepts a key of the greatest length") { storage async throws in
            let key = String(repeating: "k", count: StorageLimits.keyBytesMax)
            try await fill(storage, [key])
            #expect(try await storage.get(key) != nil)
            #expect(try await storage.list(Listing(prefix: "")) == [key])
        },
        Check("refuses a key twice in one batch") { storage async throws in
            await expectRefusal(storage) {
                $0.put("a", [1])
                $0.check("a", .absent)
            }
            await expectRefusal(storage) {
                for index in 0..<100 { $0.put("k\(index)", [1]) }
                $0.delete("k57")
            }
            #expect(try await storage.list(Listing(prefix: "")) == [])
        },
        Check("refuses a value above the limit") { storage async throws in
            await expectRefusal(storage) { $0.put("a", Array(repeating: 0, count: StorageLimits.valueBytesMax + 1)) }
            #expect(try await storage.get("a") == nil)
        },
        Check("refuses a batch above the limits") { storage async throws in
            await expectRefusal(storage) { batch in
                for index in 0...StorageLimits.batchMutationsMax { batch.put("k\(index)", []) }
            }
            let third = Array(repeating: UInt8(0), count: StorageLimits.batchBytesMax / 3)
            await expectRefusal(storage) { batch in
                for index in 0..<3 { batch.put("k\(index)", third) }
                batch.put("k", [0, 1, 2])
            }
            #expect(try await storage.list(Listing(prefix: "")) == [])
        },
        Check("accepts the largest number of changes in one batch") { storage async throws in
            let keys = (0..<StorageLimits.batchMutationsMax).map { "many/\($0)" }
            try await fill(storage, keys)
            let page = try await storage.list(Listing(prefix: "many/", limit: .max))
            #expect(page.count == StorageLimits.pageMax)
            try await commit(storage) { for key in keys { $0.delete(key) } }
            #expect(try await storage.list(Listing(prefix: "")) == [])
        },
    ]
}
