internal import Syntax

/// The secrets of a project as environment variables of a program.
struct ServiceVariables {
    typealias Variable = (name: String, value: String)

    private(set) var all: [Variable] = []

    /// Derives the name of each variable from the path of its secret: each character except ASCII letters and digits becomes `_`.
    init(_ secrets: [(path: String, value: JSON)], upper: Bool) throws(CommandFailure) {
        var seen: Set<String> = []
        for secret in secrets {
            let name = Self.name(secret.path, upper: upper)
            guard seen.insert(name).inserted else {
                throw .local(
                    "Two secrets would become the variable \(name). Store them in separate folders, or rename one of them.")
            }
            let value = secret.value.stringValue ?? String(decoding: secret.value.encoded(), as: UTF8.self)
            guard !value.utf8.contains(0) else {
                throw .local("The secret \(secret.path) contains a NUL, which a variable cannot contain")
            }
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

    /// Refuses names that control the program or programs that it starts, unless the caller accepts them.
    func refuseSteering(allowed: [String], inShell: Bool) throws(CommandFailure) {
        let allowed = Set(allowed.flatMap { $0.parts(at: ",") })
        let refused = all.map(\.name).filter { !allowed.contains($0) && SteeringName.isOne($0, inShell: inShell) }
        guard !refused.isEmpty else { return }
        let shown = refused.prefix(20).joined(separator: ",")
        throw .local(
            """
            These secrets would become variables that control other programs: \(shown)\(refused.count > 20 ? " and more" : "").
            Anyone who may write a secret could use them to run any code. Rename the secrets, or accept the names that you
            expect: -allow-name=\(shown)
            """)
    }

    // MARK: Text forms

    /// The variables as `export` commands for `eval` in a POSIX shell.
    var shell: String { all.map { "export \($0.name)=\(ShellText.quoted($0.value))\n" }.joined() }

    var dotenv: String { all.map { "\($0.name)=\(DotEnvValue($0.value).text)\n" }.joined() }

    var json: JSON { .object(JSONObject(all.map { .init(key: $0.name, value: .string($0.value)) })) }

    /// A warning that names the variables that some readers of `.env` files misread, or nil if there are none.
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
            "WARNING! Some programs misread these values in .env files:\n"
            + lines.sorted().joined(separator: "\n")
            + "\nFor these programs use -as=json, or set the variables with `coffer service env -- COMMAND`."
    }
}
