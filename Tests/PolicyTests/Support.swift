import EngineKit
import Policy

/// A small generator with a seed, so that every failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }
}

/// One ACL of several policies, named `p0`, `p1` and so on.
func acl(_ texts: String...) throws -> ACL {
    ACL(
        try texts.enumerated().map {
            NamedPolicy(name: try PolicyName("p\($0.offset)"), document: try PolicyDocument(parsing: $0.element))
        })
}

/// `secret/* = read,list; secret/x = deny` as a policy text.
func rules(_ short: String) -> String {
    short.split(separator: ";").map { rule in
        let sides = rule.split(separator: "=", maxSplits: 1)
        let path = sides[0].drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        let names = sides.count < 2 ? [] : sides[1].split(separator: ",").map { "\"\($0.filter { $0 != " " })\"" }
        return "path \"\(String(path))\" { capabilities = [\(names.joined(separator: ", "))] }"
    }.joined(separator: "\n")
}
