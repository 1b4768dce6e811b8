import EngineKit
import Testing

extension StorageContract {
    /// Bytes around `/`, folders named like keys, letters of one to four bytes.
    static let awkwardKeys = [
        "a", "a/b", "a/b/c", "a/b/d", "a/c", "a-", "a-/x", "a.", "a.b/c", "a0", "a0/b", "aa", "aa/a", "A/x",
        "b/very/deep/path/of/keys",
        "b/very/deep/path/to/keys", "\u{1}", "~", "é/x", "e\u{301}/x", "z\u{7FF}", "z\u{FFFD}", "z\u{1F511}/q", "z\u{10FFFF}",
        "日本/鍵",
    ]

    /// The same listing by sorting everything: slow and plain.
    static func expected(_ keys: some Sequence<String>, _ listing: Listing) -> [String] {
        var names: [[UInt8]] = []
        for key in keys where key.utf8.starts(with: listing.prefix.utf8) {
            var name = Array(key.utf8.dropFirst(listing.prefix.utf8.count))
            if !listing.isRecursive, let slash = name.firstIndex(of: UInt8(ascii: "/")) { name.removeSubrange((slash + 1)...) }
            if !names.contains(name) { names.append(name) }
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        if let after = listing.after { names.removeAll { !Array(after.utf8).lexicographicallyPrecedes($0) } }
        return names.prefix(max(listing.limit, 0)).map { String(decoding: $0, as: UTF8.self) }
    }

    static func expectSame(_ names: [String], _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(names.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, sourceLocation: sourceLocation)
    }

    private static let prefixes = [
        "", "a/", "a/b/", "a-/", "A/", "b/", "b/very/", "b/very/deep/path/", "é/", "none/", "a0/", "日本/",
    ]

    static let listings: [Check] = [
        Check("lists in the order of bytes, a folder once and beside a key of its name") { storage async throws in
            try await fill(storage, awkwardKeys.shuffled())
            for prefix in prefixes {
                for isRecursive in [false, true] {
                    let listing = Listing(prefix: prefix, isRecursive: isRecursive)
                    expectSame(try await storage.list(listing), expected(awkwardKeys, listing))
                }
            }
            let names = try await storage.list(Listing(prefix: "", limit: 10))
            #expect(names == ["\u{1}", "A/", "a", "a-", "a-/", "a.", "a.b/", "a/", "a0", "a0/"])
        },
        Check("continues behind any name, there or not") { storage async throws in
            try await fill(storage, awkwardKeys)
            let extra = ["", "a/b/", "a/zz", "a/b/c/d", "0", "zzz", "a0/", "\u{10FFFF}", "a/\u{10FFFF}", "é", "é/"]
            for prefix in prefixes {
                for isRecursive in [false, true] {
                    for after in expected(awkwardKeys, Listing(prefix: prefix, isRecursive: isRecursive)) + extra {
                        for limit in [1, 3, 1_000] {
                            let listing = Listing(prefix: prefix, after: after, limit: limit, isRecursive: isRecursive)
                            expectSame(try await storage.list(listing), expected(awkwardKeys, listing))
                        }
                    }
                }
            }
        },
        Check("gives the whole list in pages of any size") { storage async throws in
            try await fill(storage, awkwardKeys)
            for isRecursive in [false, true] {
                let whole = try await storage.list(Listing(prefix: "", isRecursive: isRecursive))
                for size in [1, 2, 3, 7, whole.count, whole.count + 1] {
                    var paged: [String] = []
                    while paged.count <= whole.count {
                        let listing = Listing(prefix: "", after: paged.last, limit: size, isRecursive: isRecursive)
                        let page = try await storage.list(listing)
                        #expect(page.count <= size)
                        if page.isEmpty { break }
                        paged += page
                    }
                    expectSame(paged, whole)
                }
            }
        },
        Check("lists nothing for a limit of zero or less") { storage async throws in
            try await fill(storage, ["a", "b"])
            #expect(try await storage.list(Listing(prefix: "", limit: 0)) == [])
            #expect(try await storage.list(Listing(prefix: "", limit: -1)) == [])
            #expect(try await storage.list(Listing(prefix: "", limit: .max)) == ["a", "b"])
        },
        Check("refuses a prefix that ends inside a segment") { storage async throws in
            await #expect(throws: StorageError.self) { try await storage.list(Listing(prefix: "a")) }
        },
        Check("steps over large folders") { storage async throws in
            try await fill(storage, (0..<5_000).map { "f\($0 % 3)/\($0)" } + ["f1", "f9"])
            #expect(try await storage.list(Listing(prefix: "")) == ["f0/", "f1", "f1/", "f2/", "f9"])
            #expect(try await storage.list(Listing(prefix: "", after: "f1")) == ["f1/", "f2/", "f9"])
            #expect(try await storage.list(Listing(prefix: "", after: "f1/", limit: 1)) == ["f2/"])
            #expect(try await storage.list(Listing(prefix: "f2/")).count == 1_666)
        },
    ]
}
