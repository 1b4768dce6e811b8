import EngineKit
import Policy
import Syntax
import Testing

@Suite("Damaged policies")
struct MutationTests {
    static let seeds = [
        """
        # comment
        path "secret/data/{{identity.entity.name}}/*" {
          capabilities = ["create", "read", "list"] // more
          allowed_parameters = { "a" = [1, true, "x*"], "*" = [] }
          min_wrapping_ttl = "1h30m"
        }
        path "+/b/+" { policy = "write" }
        path "c" { capabilities = ["deny"] required_parameters = ["k"] }
        """,
        #"{"name":"x","path":{"secret/\u0061*":{"capabilities":["read"],"denied_parameters":{"k":[null,1.5e3]}},"a/+":[{"policy":"read"}]}}"#,
        BuiltInPolicies.defaultText,
    ]

    @Test("never stop the process and never widen what an ACL says about other paths", arguments: 0..<4)
    func mutated(round: Int) {
        var random = SplitMix64(seed: UInt64(round) &+ 99)
        let pieces = Self.seeds.map { Array($0.utf8) }
        let tokens = [
            "{", "}", "[", "]", "\"", "\\", "\\u", "{{", "}}", "+", "*", "/", "..", "=", ",", "<<A", "\n", "\0", "path", "\u{FFFF}",
        ]
        .map { Array($0.utf8) }
        var accepted = 0
        for _ in 0..<5_000 {
            var bytes = random.pick(pieces)
            for _ in 0...random.below(4) {
                let at = random.below(bytes.count + 1)
                switch random.below(5) {
                case 0: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
                case 1: bytes.insert(contentsOf: random.pick(tokens), at: at)
                case 2: bytes.removeSubrange(at..<min(bytes.count, at + random.below(12)))
                case 3: bytes = Array(bytes.prefix(max(at, 1)))
                default: if at < bytes.count { bytes[at] ^= 1 << UInt8(random.below(8)) }
                }
            }
            guard let document = try? PolicyDocument(parsing: bytes) else { continue }
            accepted += 1
            let acl = ACL([NamedPolicy(name: .default, document: document.rendered { _ in "v" })])
            _ = acl.resultant.encoded()
            #expect(!acl.isRoot)
            #expect(!acl.verdict(.patch, path: "not/granted/anywhere").isAllowed)
            _ = acl.verdict(.update, path: "secret/data/v/x", parameters: ["a": 1, "k": "z"], wrapTTL: 60)
        }
        #expect(accepted > 100, "mutations should leave some policies readable")
    }
}
