import EngineKit
import Syntax
import Testing

/// `key=value` where a map of strings is meant.
@Suite struct KeyValueFieldTests {
    private func read(_ value: JSON) -> [String: String]? {
        try? Fields(validating: ["m": value], as: [Field("m", .stringMap, "")]).stringMap("m")
    }

    @Test func `takes objects, pairs and lists of pairs`() {
        #expect(read(["a": "b", "n": 1]) == ["a": "b", "n": "1"])
        #expect(read("team=a") == ["team": "a"])
        #expect(read(["team=a", "b=c=d", "e="]) == ["team": "a", "b": "c=d", "e": ""])
        #expect(read(["a=1", "a=2"]) == ["a": "2"])
        #expect(read("a=b,c=d") == ["a": "b,c=d"])
        #expect(read("") == [:] && read([]) == [:] && read([:]) == [:])
        // Parted by bytes: a mark that combines with the sign changes nothing.
        #expect(read("a=\u{301}b") == ["a": "\u{301}b"])
    }

    @Test(arguments: ["text", "=value", ["a=b", "c"], ["a=b", ["c": "d"]], [1], 1, true, ["a": ["b": "c"]]] as [JSON])
    func `refuses what is neither`(value: JSON) { #expect(read(value) == nil) }
}
