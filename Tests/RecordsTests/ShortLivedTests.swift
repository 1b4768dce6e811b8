import EngineKit
import Records
import Syntax
import TestSupport
import Testing

@Suite("Records that end soon")
struct ShortLivedTests {
    private static let end = 1_800_000_000
    let storage = MemoryStorage()

    private func folders() -> ShortLived { ShortLived(storage: storage, prefix: "soon/") }

    private func put(_ names: [String]) async throws { for name in names { try await storage.put(name, [1]) } }

    private func names() async throws -> [String] { try await storage.list(Listing(prefix: "", isRecursive: true)) }

    @Test("a sweep removes what has ended, with what belongs to it, and nothing else")
    func sweeps() async throws {
        let (past, future) = (Self.end / 60, Self.end / 60 + 1)
        try await put(["soon/\(past)/ann/1", "soon/\(past)/bob/2", "soon/\(future)/ann/3", "id/1", "id/2", "id/3"])
        try await folders().sweep(at: Self.end + 1) { "id/\($0)" }
        #expect(try await names() == ["id/3", "soon/\(future)/ann/3"])
        try await folders().sweep(at: Self.end + 60)
        #expect(try await names() == ["id/3", "soon/\(future)/ann/3"])
        try await folders().sweep(at: Self.end + 61)
        #expect(try await names() == ["id/3"])
    }

    @Test("a record is swept after its end and not before")
    func end() async throws {
        let folder = ShortLived.folder(endingAt: Self.end + 59, of: "ann")
        try await put(["soon/\(folder)1"])
        try await folders().sweep(at: Self.end + 59)
        #expect(try await names().count == 1)
        try await folders().sweep(at: Self.end + 120)
        #expect(try await names().isEmpty)
    }

    @Test("a sweep makes no more commits than it may")
    func bounded() async throws {
        var batch = Batch()
        for number in 0..<2_500 { batch.put("soon/1/ann/\(number)", []) }
        try await storage.commit(batch)
        try await folders().sweep(at: Self.end, commitsMax: 2)
        #expect(try await names().count == 500)
        try await folders().sweep(at: Self.end, commitsMax: 2)
        #expect(try await names().isEmpty)
    }

    @Test("names that are no minutes, or any number, stop no sweep")
    func foreignNames() async throws {
        let foreign = ["soon/-\(Int.max)0/a/1", "soon/00x/a/1", "soon/\(Int.max)/a/1", "soon/\(Int.max)0/a/1"]
        try await put(foreign + ["soon/1/ann/1"])
        try await folders().sweep(at: Self.end)
        #expect(try await names() == foreign.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
    }

    @Test("an owner has room for so many records a minute, and a minute for so many owners")
    func room() async throws {
        let (ann, bob) = (ShortLived.folder(endingAt: Self.end, of: "ann"), ShortLived.folder(endingAt: Self.end, of: "bob"))
        try await put(["soon/\(ann)1"])
        #expect(try await folders().hasRoom(in: ann, perOwnerMax: 2))
        #expect(try await !folders().hasRoom(in: ann, perOwnerMax: 1))
        #expect(try await folders().hasRoom(in: bob, perOwnerMax: 1, ownersMax: 2))
        #expect(try await !folders().hasRoom(in: bob, perOwnerMax: 1, ownersMax: 1))
        // An owner that is there already is counted.
        #expect(try await folders().hasRoom(in: ann, perOwnerMax: 2, ownersMax: 1))
        let later = ShortLived.folder(endingAt: Self.end + 60, of: "ann")
        #expect(try await folders().hasRoom(in: later, perOwnerMax: 1, ownersMax: 1))
    }

    @Test("a text names its folder and its secret")
    func text() throws {
        let made = ShortLivedText(endingAt: Self.end, ownerHash: "0123456789abcdef", randomness: SystemRandomness())
        let read = try #require(ShortLivedText(made.text))
        #expect(read.folder == "\(Self.end / 60 + 1)/01234567/" && read.folder == made.folder && read.secret == made.secret)
        #expect(read.text == made.text)
    }

    @Test(
        "no other text is read",
        arguments: [
            "", "..", "1.01234567.", "1.0123456.s", "1.0123456G.s", "1.0123456A.s", "1.01234567.s.t", "x.01234567.s",
            "1234567890123.01234567.s", ".01234567.s", "1.01234567." + String(repeating: "s", count: 65),
        ])
    func refusedText(_ text: String) { #expect(ShortLivedText(text) == nil) }
}
