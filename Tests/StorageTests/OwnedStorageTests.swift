import EngineKit
import StoreKit
import TestSupport
import Testing

@Suite("Records of owners") struct OwnedStorageTests {
    static let mount = "mount/4f0c/"

    @Test(arguments: StorageContract.checks.filter { !$0.testDescription.contains("greatest length") })
    func keepsTheContract(_ check: StorageContract.Check) async throws {
        let base = PrefixedStorage(MemoryStorage(), prefix: Self.mount)
        try await OwnedStorage(base, owner: "bob").put("k", [1])
        try await check.run(OwnedStorage(base, owner: "alice"))
        #expect(try await OwnedStorage(base, owner: "bob").list(Listing(prefix: "")) == ["k"])
    }

    @Test(arguments: [
        ("mount/4f0c/owned/alice/s/1", "alice"), ("mount/4f0c/owned/é/x", "é"), ("mount/4f0c/owned/a b/x/owned/c/", "a b"),
    ])
    func `the owner of a key is the segment after the folder`(_ key: String, _ owner: String) {
        #expect(OwnedKey.owner(of: key).map(String.init) == owner)
    }

    @Test(arguments: [
        "mount/4f0c/owned", "mount/4f0c/owned/", "mount/4f0c/owned/alice", "mount/4f0c/owned//x", "mount/4f0c/data/owned/alice/x",
        "mount/owned/alice/x", "sys/4f0c/owned/alice/x", "mounts/4f0c/owned/alice/x", "", "mount/",
    ])
    func `other keys belong to nobody`(_ key: String) { #expect(OwnedKey.owner(of: key) == nil) }

    @Test func `a listing of several owners is told from others`() {
        for prefix in ["", "mount/", "mount/4f0c/", "mount/4f0c/owned/"] { #expect(OwnedKey.mayPrecede(prefix)) }
        for prefix in ["sys/", "mount/4f0c/data/", "mount/4f0c/owned/alice/", "mount/4f0c/own/"] {
            #expect(!OwnedKey.mayPrecede(prefix))
        }
    }

    @Test func `only the scope of the task decides`() async throws {
        let key = Self.mount + "owned/alice/x"
        #expect(throws: StorageError.foreignOwner(key: key)) { try OwnedKey.check(key) }
        await OwnerScope.owner("bob").run {
            _ = #expect(throws: StorageError.foreignOwner(key: key)) { try OwnedKey.check(key) }
        }
        // The same letter in two spellings is two owners.
        await OwnerScope.owner("e\u{301}").run {
            _ = #expect(throws: StorageError.self) { try OwnedKey.check(Self.mount + "owned/\u{E9}/x") }
        }
        await OwnerScope.owner("alice").run { #expect(throws: Never.self) { try OwnedKey.check(key) } }
        await OwnerScope.everybody.run { #expect(throws: Never.self) { try OwnedKey.check(key) } }
        #expect(OwnerScope.current == nil)
    }
}
