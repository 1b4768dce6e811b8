internal import Syntax

/// A project's secrets as variables of a program.
struct ServiceVariables {
    typealias Variable = (name: String, value: String)

    private(set) var all: [Variable] = []

    /// Names as variables have them: what is no ASCII letter or digit becomes `_`.
    init(_ secrets: [(path: String, value: JSON)], upper: Bool) throws(CommandFailure) {
        var seen: Set<String> = []
        for secret in secrets {
            let name = Self.name(secret.path, upper: upper)
            guard seen.insert(name).inserted else {
                throw .local("Two secrets would become the variable \(name); export them from folders of their own")
            }
            let value = secret.value.stringValue ?? String(decoding: secret.value.encoded(), as: UTF8.self)
            guard !value.utf8.contains(0) else { throw .local("The secret \(secret.path) has a NUL, which no variable can have") }
            all.append((name, value))
        }
        all.sort { $0.name < $1.name }
    }

    private static func name(_ path: String, upper: Bool) -> String {
        var bytes = path.unicodeScalars.map { scalar in
            scalar.isASCII && UInt8(ascii: scalar).isASCIILetterOrDigit ? UInt8(ascii: scalar) : UInt8(ascii: "_")
        }
        if let first = bytes.first, first.isASCIIDigit {
            bytes.insert(UInt8(ascii: "_"), at: 0)
        }
        let name = String(decoding: bytes, as: UTF8.self)
        return upper ? name.uppercased() : name
    }

    /// Refuses names that would steer the program, or others that it starts, unless the caller has named them.
    func refuseSteering(allowed: [String], inShell: Bool) throws(CommandFailure) {
        let allowed = Set(allowed.flatMap { $0.parts(at: ",") })
        let refused = all.map(\.name).filter { !allowed.contains($0) && SteeringName.isOne($0, inShell: inShell) }
        guard !refused.isEmpty else { return }
        let shown = refused.prefix(20).joined(separator: ",")
        throw .local(
            """
            Secrets here would become variables that steer programs: \(shown)\(refused.count > 20 ? " and more" : "").
            Whoever may write a secret could have anything run with them. Rename these secrets, or accept the names
            that you mean: -allow-name=\(shown)
            """)
    }

    // MARK: As text

    /// For `eval` in a POSIX shell.
    var shell: String { all.map { "export \($0.name)=\(ShellText.quoted($0.value))\n" }.joined() }

    var dotenv: String { all.map { "\($0.name)=\(DotEnvValue($0.value).text)\n" }.joined() }

    var json: JSON { .object(JSONObject(all.map { .init(key: $0.name, value: .string($0.value)) })) }

    /// Which readers of `.env` files would make something else of which variables; nil when all read all alike.
    var dotenvWarning: String? {
        var names: [[DotEnvValue.Reader]: [String]] = [:]
        for variable in all { names[DotEnvValue(variable.value).misreaders, default: []].append(variable.name) }
        names[[]] = nil
        guard !names.isEmpty else { return nil }
        let lines = names.map { readers, names in
            "  \(names.prefix(20).joined(separator: ", "))\(names.count > 20 ? " and more" : ""): "
                + readers.map(\.rawValue).joined(separator: ", ")
        }
        return
            "WARNING! No form of these values is read alike by every reader of .env files. Wrong are:\n"
            + lines.sorted().joined(separator: "\n")
            + "\nFor those readers use -as=json, or let `coffer service env -- COMMAND` set them."
    }
}
