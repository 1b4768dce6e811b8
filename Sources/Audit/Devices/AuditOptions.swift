import Syntax

/// What a device's options mean, after all of them were understood.
struct AuditOptions: Sendable {
    enum Target: Sendable, Hashable {
        case file(String)
        case standardOutput
        /// Vault has it for tests; it records nothing.
        case discard
        case syslog(paths: [String], facility: Int, tag: String)
        case socket(SocketTarget)
    }

    static let types = ["file", "socket", "syslog"]

    var target: Target
    var mode: UInt16 = 0o600
    var hashesAccessors = true
    var elidesLists = false
    /// How long a socket may take no bytes before it counts as failed.
    var writeTimeoutMilliseconds = 2_000

    private static let refusals = [
        "prefix": "not supported: bytes of the caller's choice in a server's file are a way to run code",
        "fallback": "not supported: any device that records is enough",
        "filter": "not supported: every device records everything",
        "exclude": "not supported: every device records everything",
    ]

    init(type: String, options: [String: String]) throws(AuditError) {
        target = try Self.target(type, options)
        let own = Self.ownOptions[type] ?? []
        for (name, value) in options.sorted(by: { $0.key < $1.key }) {
            switch name {
            case "write_timeout" where type == "socket": writeTimeoutMilliseconds = try Self.milliseconds(name, value)
            case "mode" where type == "file": mode = try Self.mode(value)
            case _ where own.contains(name): break
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

    /// Read by ``target(_:_:)``.
    private static let ownOptions: [String: Set<String>] = [
        "file": ["file_path", "path"], "socket": ["address", "socket_type"], "syslog": ["facility", "tag", "socket_path"],
    ]

    private static func target(_ type: String, _ options: [String: String]) throws(AuditError) -> Target {
        switch type {
        case "file": try file(options)
        case "socket": .socket(try socket(options))
        case "syslog": try syslog(options)
        default: throw .invalidOption(name: "type", reason: "must be one of \(types.joined(separator: ", "))")
        }
    }

    private static func socket(_ options: [String: String]) throws(AuditError) -> SocketTarget {
        guard let address = options["address"], !address.isEmpty else { throw .invalidOption(name: "address", reason: "required") }
        let type = options["socket_type"] ?? "tcp"
        if type == "unix" { return .unix(try socketPath(address, "address")) }
        guard type == "tcp" || type == "udp" else {
            throw .invalidOption(name: "socket_type", reason: "must be tcp, udp or unix")
        }
        guard let (host, port) = SocketTarget.hostAndPort(address) else {
            throw .invalidOption(name: "address", reason: "must be a host and a port, such as 127.0.0.1:9090")
        }
        return type == "tcp" ? .tcp(host: host, port: port) : .udp(host: host, port: port)
    }

    private static func syslog(_ options: [String: String]) throws(AuditError) -> Target {
        guard let facility = SyslogDevice.facility(options["facility"] ?? "AUTH") else {
            throw .invalidOption(name: "facility", reason: "must be one of syslog's, such as AUTH or LOCAL0")
        }
        let tag = options["tag"] ?? "coffer"
        guard (1...32).contains(tag.utf8.count), tag.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5B && $0 != 0x3A }) else {
            throw .invalidOption(name: "tag", reason: "must have 1 to 32 visible characters, none of them '[' or ':'")
        }
        var paths = SyslogDevice.defaultPaths
        if let path = options["socket_path"] { paths = [try socketPath(path, "socket_path")] }
        return .syslog(paths: paths, facility: facility, tag: tag)
    }

    private static func socketPath(_ path: String, _ name: String) throws(AuditError) -> String {
        guard path.hasUTF8Prefix("/"), SocketAddress(unix: path) != nil else {
            throw .invalidOption(name: name, reason: "must be an absolute path of \(SocketTarget.pathBytesMax) bytes at most")
        }
        return path
    }

    /// `"2s"`, `2` or `"250ms"`: from 10 ms to a minute.
    private static func milliseconds(_ name: String, _ text: String) throws(AuditError) -> Int {
        let value = text.hasUTF8Suffix("ms") ? Int(text.dropLastUTF8(2)) : DurationText.seconds(text).map { min($0, 3_600) * 1_000 }
        guard let value, (10...60_000).contains(value) else {
            throw .invalidOption(name: name, reason: "must be a duration from 10ms to 60s")
        }
        return value
    }

    private static func file(_ options: [String: String]) throws(AuditError) -> Target {
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
