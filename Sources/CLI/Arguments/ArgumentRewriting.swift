import Syntax

/// Conversion of a command line in the form of Vault's client into the form that the parser reads.
///
/// Vault's client accepts one dash or two, `-name value` or `-name=value` with any value including an empty one, and `-flag=false`.
/// After the conversion long names have two dashes, values are joined to their flags, and Boolean flags have no value. Flags before
/// the command are moved after it.
package enum ArgumentRewriting {
    /// The flags that take no value. Any other flag without a `=` takes the next argument as its value.
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

    /// The Boolean flags for which `false` differs from absence: `-renewable=false` becomes `--no-renewable`.
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

    /// Returns the value of the last flag with the given name, or nil. Works for command lines that cannot be parsed.
    static func value(of name: String, in normalized: [String]) -> String? {
        var found: String?
        for (index, argument) in normalized.enumerated() {
            if argument == "--" { break }
            if let value = argument.rest(after: "--\(name)=") { found = value }
            if argument == "--\(name)", index + 1 < normalized.count { found = normalized[index + 1] }
        }
        return found
    }

    /// Returns the arguments in groups: a flag with its value, or a single argument.
    private static func items(of arguments: [String]) -> [[String]] {
        var result: [[String]] = []
        var index = arguments.startIndex
        // `audit search -accessor` takes the accessor as its value. For other commands the flag is Boolean.
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

    /// Returns a flag with its value in the form that the parser reads.
    ///
    /// The parser reads a joined value, but an empty value, and one that begins with a combining mark, only as a separate argument.
    private static func joined(_ name: String, _ value: String) -> [String] {
        guard let first = value.utf8.first, first < 0x80 else { return ["--\(name)", value] }
        return ["--\(name)=\(value)"]
    }

    private static func isBoolean(_ name: String) -> Bool {
        booleans.contains(name) || name.rest(after: "no-").map(invertible.contains) == true
    }

    /// Returns a Boolean flag in the form that the parser reads, or nil if it is false and that is the default.
    private static func boolean(_ flag: Flag) -> String? {
        let dashed = (flag.name.utf8.count == 1 ? "-" : "--") + flag.name
        switch flag.value?.lowercased() {
        case nil, "true", "1", "t": return dashed
        case "false", "0", "f": return invertible.contains(flag.name) ? "--no-" + flag.name : nil
        // The parser refuses the value.
        default: return dashed + "=" + (flag.value ?? "")
        }
    }

    /// An argument of the form `-name` or `--name`, with or without `=value`.
    private struct Flag {
        var name: String
        var value: String?

        init?(_ argument: String) {
            guard var rest = argument.rest(after: "-") else { return nil }
            rest = rest.rest(after: "-") ?? rest
            // "-" stands for the standard input, and "-1" is a number.
            guard let first = rest.utf8.first, first.isASCIILetter else { return nil }
            (name, value) = rest.cut(at: "=").map { ($0.before, $0.after) } ?? (rest, nil)
        }
    }
}
