import HTTPShell
import Testing

@Suite("The query of a URL") struct QueryItemsTests {
    @Test(
        "is read as names and values",
        arguments: [
            ("", []), ("a=1", ["a=1"]), ("a", ["a="]), ("a=", ["a="]), ("=1", ["=1"]), ("a=1&&b=2&", ["a=1", "b=2"]),
            ("a=b=c", ["a=b=c"]), ("a%3Db=%26", ["a=b=&"]), ("a=x+y%20z%2B", ["a=x y z+"]), ("n=%C3%BC", ["n=ü"]),
            ("A=1&a=2", ["A=1", "a=2"]),
            ("a=%252e", ["a=%2e"]),
        ] as [(String, [String])])
    func reading(_ query: String, _ expected: [String]) throws {
        #expect(try QueryItems.parse(query).map { "\($0.name)=\($0.value)" } == expected)
    }

    @Test(
        "is refused when it is malformed",
        arguments: ["a=%", "a=%2", "a=%zz", "%=1", "a=%00", "a=%ff", "a=%C3", "a=%ed%a0%80", "%c0%ae=1"])
    func malformed(_ query: String) {
        #expect(throws: QueryItems.Refusal.malformed) { try QueryItems.parse(query) }
    }

    @Test("is refused with a name twice, however it is spelled", arguments: ["a=1&a=2", "a&a", "a=1&%61=1", "x+y=1&x%20y=2"])
    func repeated(_ query: String) {
        #expect(throws: QueryItems.Refusal.repeated) { try QueryItems.parse(query) }
    }

    @Test("has 64 parameters and not one more")
    func bounded() throws {
        let most = (0..<QueryItems.countMax).map { "p\($0)=\($0)" }.joined(separator: "&")
        #expect(try QueryItems.parse(most).count == QueryItems.countMax)
        #expect(try QueryItems.parse(most + "&").count == QueryItems.countMax)
        #expect(throws: QueryItems.Refusal.tooMany) { try QueryItems.parse(most + "&one=more") }
    }
}
