import EngineKit
import Syntax

/// The options of an audit device after they were parsed and checked.
struct AuditOptions: Sendable {
    /// Where a device writes to.
    enum Target: Sendable, Hashable {
        case file(String)
        case standardOutput
        /// Discards everything. Vault has this for tests.
        case discard
        case syslog(paths: [String], facility: Int, tag: String)
        case socket(SocketTarget)
    }

    /// The types of audit devices.
    static let types = ["file", "socket", "syslog"]

    /// Where the device writes to.
    var target: Target
    /// The permissions of the file.
    var mode: UInt16 = 0o600
    /// Whether token accessors are written as HMACs.
    var hashesAccessors = true
    /// Whether the response to a LIST records the number of names instead of the names.
    var elidesLists = false
    /// How long sending to a socket may block before the write fails.
    var writeTimeoutMilliseconds = 2_000

    /// Messages for options that Vault or OpenBao have and this server does not.
    private static let refusals = [
        "prefix": "is not supported: text that a caller chooses, at the start of a server's file, can be made to run as code",
        "fallback": "is not supported: it is always enough that one device records the request",
        "filter": "is not supported: every device records everything",
        "exclude": "is not supported: every device records everything",
    ]

    /// Parses options. Throws ``AuditError/invalidOption(name:reason:)`` for one that is unknown or not valid.
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
                    throw .invalidOption(name: name, reason: "must be false: the device would write secrets in clear")
                }
            case "format":
                guard value.isEmpty || value == "json" else {
                    throw .invalidOption(name: name, reason: "must be \"json\", the only supported format")
                }
            default: throw .invalidOption(name: name, reason: Self.refusals[name] ?? "is not an option of this type of device")
            }
        }
    }

    /// The options that ``target(_:_:)`` reads, by type of device.
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
        guard let address = options["address"], !address.isEmpty else {
            throw .invalidOption(name: "address", reason: "is required, such as 127.0.0.1:9090")
        }
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
            throw .invalidOption(name: "facility", reason: "must be a syslog facility, such as AUTH or LOCAL0")
        }
        let tag = options["tag"] ?? "coffer"
        guard (1...32).contains(tag.utf8.count), tag.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5B && $0 != 0x3A }) else {
            throw .invalidOption(name: "tag", reason: "must have 1 to 32 visible ASCII characters other than '[' and ':'")
        }
        var paths = SyslogDevice.defaultPaths
        if let path = options["socket_path"] { paths = [try socketPath(path, "socket_path")] }
        return .syslog(paths: paths, facility: facility, tag: tag)
    }

    private static func socketPath(_ path: String, _ name: String) throws(AuditError) -> String {
        guard path.hasUTF8Prefix("/"), SystemAddress(unix: path) != nil else {
            throw .invalidOption(name: name, reason: "must be an absolute path of at most \(SocketTarget.pathBytesMax) bytes")
        }
        return path
    }

    /// Parses a duration from 10 milliseconds to a minute, such as `2s`, `2` (seconds) or `250ms`.
    private static func milliseconds(_ name: String, _ text: String) throws(AuditError) -> Int {
        let value = text.hasUTF8Suffix("ms") ? Int(text.dropLastUTF8(2)) : DurationText.seconds(text).map { min($0, 3_600) * 1_000 }
        guard let value, (10...60_000).contains(value) else {
            throw .invalidOption(name: name, reason: "must be a duration from 10ms to 60s")
        }
        return value
    }

    private static func file(_ options: [String: String]) throws(AuditError) -> Target {
        switch (options["file_path"], options["path"]) {
        case (nil, nil):
            throw .invalidOption(name: "file_path", reason: "is required: an absolute path, \"stdout\" or \"discard\"")
        case (_?, _?): throw .invalidOption(name: "path", reason: "cannot be used together with file_path, which means the same")
        case (let text?, nil), (nil, let text?):
            switch text {
            case "stdout": return .standardOutput
            case "discard": return .discard
            default: return .file(text)
            }
        }
    }

    /// Parses permissions in octal. `0000`, with which Vault keeps those of an existing file, means the default.
    private static func mode(_ text: String) throws(AuditError) -> UInt16 {
        guard let mode = UInt16(text, radix: 8), mode <= 0o777 else {
            throw .invalidOption(name: "mode", reason: "must be file permissions in octal, such as 0600")
        }
        guard mode != 0 else { return 0o600 }
        guard mode & 0o600 == 0o600, mode & 0o113 == 0 else {
            throw .invalidOption(
                name: "mode", reason: "must allow the owner to read and write, nobody to execute, and nobody else to write")
        }
        return mode
    }

    private static func bool(_ name: String, _ text: String) throws(AuditError) -> Bool {
        switch text.lowercased() {
        case "true", "1", "t": return true
        case "false", "0", "f", "": return false
        default: throw .invalidOption(name: name, reason: "must be true or false")
        }
    }
}
