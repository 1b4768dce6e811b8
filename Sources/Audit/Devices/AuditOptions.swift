/// What a device's options mean, after all of them were understood.
struct AuditOptions: Sendable {
    enum Target: Sendable, Hashable {
        case file(String)
        case standardOutput
        /// Vault has it for tests; it records nothing.
        case discard
    }

    var target: Target
    var mode: UInt16 = 0o600
    var hashesAccessors = true
    var elidesLists = false

    private static let refusals = [
        "prefix": "not supported: bytes of the caller's choice in a server's file are a way to run code",
        "fallback": "not supported: any device that records is enough",
        "filter": "not supported: every device records everything",
        "exclude": "not supported: every device records everything",
    ]

    init(type: String, options: [String: String]) throws(AuditError) {
        guard type == "file" else { throw .invalidOption(name: "type", reason: "only \"file\" is supported") }
        target = try Self.target(options)
        for (name, value) in options.sorted(by: { $0.key < $1.key }) {
            switch name {
            case "file_path", "path": break
            case "mode": mode = try Self.mode(value)
            case "hmac_accessor": hashesAccessors = try Self.bool(name, value)
            case "elide_list_responses": elidesLists = try Self.bool(name, value)
            case "log_raw":
                guard try !Self.bool(name, value) else {
                    throw .invalidOption(name: name, reason: "refused: it would write secrets to the file in clear")
                }
            case "format":
                guard value.isEmpty || value == "json" else {
                    throw .invalidOption(name: name, reason: "only \"json\" is supported")
                }
            default: throw .invalidOption(name: name, reason: Self.refusals[name] ?? "unknown")
            }
        }
    }

    private static func target(_ options: [String: String]) throws(AuditError) -> Target {
        switch (options["file_path"], options["path"]) {
        case (nil, nil): throw .invalidOption(name: "file_path", reason: "required")
        case (_?, _?): throw .invalidOption(name: "path", reason: "given beside file_path")
        case (let text?, nil), (nil, let text?):
            switch text {
            case "stdout": return .standardOutput
            case "discard": return .discard
            default: return .file(text)
            }
        }
    }

    /// Octal. `0000` means Vault's "leave it", and gives the default.
    private static func mode(_ text: String) throws(AuditError) -> UInt16 {
        guard let mode = UInt16(text, radix: 8), mode <= 0o777 else {
            throw .invalidOption(name: "mode", reason: "not an octal file mode")
        }
        guard mode != 0 else { return 0o600 }
        guard mode & 0o600 == 0o600, mode & 0o113 == 0 else {
            throw .invalidOption(name: "mode", reason: "must let the owner read and write, and nobody run it or others write it")
        }
        return mode
    }

    private static func bool(_ name: String, _ text: String) throws(AuditError) -> Bool {
        switch text.lowercased() {
        case "true", "1", "t": return true
        case "false", "0", "f", "": return false
        default: throw .invalidOption(name: name, reason: "not a boolean")
        }
    }
}
