import Syntax

/// Turns a command line in Vault's manner into the one that the parser reads.
///
/// Go's flags take one dash or two, `-name value` or `-name=value` with any value, the empty one too, and `-flag=false`. The result
/// has two dashes before a long name, a flag's value joined to it, and booleans without a value. Flags before the command are moved
/// behind it.
package enum ArgumentRewriting {
    /// Flags that take no value. Every other flag takes the next argument unless it has one after `=`.
    package static let booleans: Set<String> = [
        "accessor", "backup", "cancel", "cas-required", "detailed", "dev", "dev-kv-v1", "dev-no-store-token", "disable-redirects",
        "external-entropy-access",
        "f", "force", "force-no-cache", "generate-otp", "h", "help", "help-hidden", "init", "local", "migrate", "no-default-policy",
        "no-print", "no-store", "non-interactive", "orphan", "output-curl-string", "output-policy", "overwrite",
        "policy-override",
        "policy-text", "prefix", "renewable", "reset", "seal-wrap",
        "self",
        "status", "sync",
        "tls-skip-verify", "token-only", "upper", "user-lockout-disable", "v", "verify",
    ]

    /// Booleans whose `false` says something: `-renewable=false` becomes `--no-renewable`.
    package static let invertible: Set<String> = ["cas-required", "renewable", "user-lockout-disable"]

    package static func normalized(_ arguments: [String]) -> [String] {
        var items = items(of: arguments)
        let leading = items.prefix { Flag($0[0]) != nil }.count
        if leading > 0, leading < items.count, items[leading][0] != "--" {
            let words = items[leading...].prefix { $0.count == 1 && Flag($0[0]) == nil }.map { $0[0] }
            let moved = Array(items[..<leading])
            items.removeFirst(leading)
            items.insert(contentsOf: moved, at: max(CommandTree.depth(of: words), 1))
        }
        return items.flatMap { $0 }
    }

    /// The value that the last such flag has; for what must be known although the command line cannot be parsed.
    static func value(of name: String, in normalized: [String]) -> String? {
        var found: String?
        for (index, argument) in normalized.enumerated() {
            if argument == "--" { break }
            if let value = argument.rest(behind: "--\(name)=") { found = value }
            if argument == "--\(name)", index + 1 < normalized.count { found = normalized[index + 1] }
        }
        return found
    }

    /// A flag with its value, or another argument, each.
    private static func items(of arguments: [String]) -> [[String]] {
        var result: [[String]] = []
        var index = arguments.startIndex
        // Elsewhere `-accessor` says what the argument is; a search is given the accessor itself.
        let takesAccessor = zip(arguments, arguments.dropFirst()).contains { $0.0 == "audit" && $0.1 == "search" }
        while index < arguments.endIndex {
            let argument = arguments[index]
            index += 1
            if argument == "--" { return result + arguments[(index - 1)...].map { [$0] } }
            guard let flag = Flag(argument) else {
                result.append([argument])
                continue
            }
            if isBoolean(flag.name), !(takesAccessor && flag.name == "accessor") {
                if let text = boolean(flag) { result.append([text]) }
            } else if flag.name == "version", flag.value == nil, arguments.count == 1 {
                result.append(["--version"])
            } else if let value = flag.value {
                result.append(joined(flag.name, value))
            } else if index < arguments.endIndex {
                result.append(joined(flag.name, arguments[index]))
                index += 1
            } else {
                result.append(["--\(flag.name)"])
            }
        }
        return result
    }

    /// The parser takes a value joined to its name, but an empty one only as an argument of its own, and one that begins with a
    /// combining mark too.
    private static func joined(_ name: String, _ value: String) -> [String] {
        guard let first = value.utf8.first, first < 0x80 else { return ["--\(name)", value] }
        return ["--\(name)=\(value)"]
    }

    private static func isBoolean(_ name: String) -> Bool {
        booleans.contains(name) || name.rest(behind: "no-").map(invertible.contains) == true
    }

    /// Nil for a flag that was set to false, which is what its absence means too.
    private static func boolean(_ flag: Flag) -> String? {
        let dashed = (flag.name.utf8.count == 1 ? "-" : "--") + flag.name
        switch flag.value?.lowercased() {
        case nil, "true", "1", "t": return dashed
        case "false", "0", "f": return invertible.contains(flag.name) ? "--no-" + flag.name : nil
        // Left for the parser to refuse.
        default: return dashed + "=" + (flag.value ?? "")
        }
    }

    /// An argument of the form `-name`, `--name` or either with `=value`.
    private struct Flag {
        var name: String
        var value: String?

        init?(_ argument: String) {
            guard var rest = argument.rest(behind: "-") else { return nil }
            rest = rest.rest(behind: "-") ?? rest
            // "-" alone is standard input, "-1" a number.
            guard let first = rest.utf8.first, first.isASCIILetter else { return nil }
            (name, value) = rest.cut(at: "=").map { ($0.before, $0.after) } ?? (rest, nil)
        }
    }
}
