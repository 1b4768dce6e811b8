/// Turns a command line in Vault's manner into the one that the parser reads.
///
/// Go's flags take one dash or two, `-name value` or `-name=value` with any value, and `-flag=false`. The result has two
/// dashes before a long name, a flag's value joined to it, and booleans without a value.
package enum ArgumentRewriting {
    /// Flags that take no value. Every other flag takes the next argument unless it has one after `=`.
    package static let booleans: Set<String> = [
        "accessor", "backup", "cancel", "cas-required", "detailed", "dev", "dev-kv-v1", "dev-no-store-token",
        "external-entropy-access",
        "f", "force", "force-no-cache", "generate-otp", "h", "help", "help-hidden", "init", "local", "migrate", "no-default-policy",
        "no-print", "no-store", "non-interactive", "orphan", "output-curl-string", "overwrite",
        "policy-text", "prefix", "renewable", "reset", "seal-wrap",
        "self",
        "status", "sync",
        "tls-skip-verify", "token-only", "upper", "v", "verify",
    ]

    /// Booleans whose `false` says something: `-renewable=false` becomes `--no-renewable`.
    package static let invertible: Set<String> = ["cas-required", "renewable"]

    package static func normalized(_ arguments: [String]) -> [String] {
        var result: [String] = []
        var index = arguments.startIndex
        while index < arguments.endIndex {
            let argument = arguments[index]
            index += 1
            if argument == "--" { return result + arguments[(index - 1)...] }
            guard let flag = Flag(argument) else {
                result.append(argument)
                continue
            }
            if isBoolean(flag.name) {
                if let text = boolean(flag) { result.append(text) }
            } else if flag.name == "version", result.isEmpty {
                result.append("--version")
            } else if let value = flag.value {
                result.append("--\(flag.name)=\(value)")
            } else if index < arguments.endIndex {
                result.append("--\(flag.name)=\(arguments[index])")
                index += 1
            } else {
                result.append("--\(flag.name)")
            }
        }
        return result
    }

    private static func isBoolean(_ name: String) -> Bool {
        booleans.contains(name) || name.hasPrefix("no-") && invertible.contains(String(name.dropFirst(3)))
    }

    /// Nil for a flag that was set to false, which is what its absence means too.
    private static func boolean(_ flag: Flag) -> String? {
        let dashed = (flag.name.count == 1 ? "-" : "--") + flag.name
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
            var rest = argument[...]
            guard rest.hasPrefix("-") else { return nil }
            rest = rest.dropFirst()
            if rest.hasPrefix("-") { rest = rest.dropFirst() }
            // "-" alone is standard input, "-1" a number.
            guard let first = rest.first, first.isASCII, first.isLetter else { return nil }
            let equals = rest.firstIndex(of: "=")
            name = String(rest[..<(equals ?? rest.endIndex)])
            value = equals.map { String(rest[rest.index(after: $0)...]) }
        }
    }
}
