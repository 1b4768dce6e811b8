import EngineKit
import HTTPShell
import Syntax

/// Reads one `listener` block, which has Vault's keys and defaults.
struct ListenerReader {
    private let block: HCLBlock
    private let file: String
    private let requestSeconds: Int?
    private(set) var notices: [ConfigurationNotice] = []

    init(block: HCLBlock, file: String, requestSeconds: Int?) {
        self.block = block
        self.file = file
        self.requestSeconds = requestSeconds
    }

    private var body: HCLBody { block.body }

    mutating func settings() throws(HCLError) -> ListenerSettings {
        for (name, problem) in Self.refused where body.names.contains(where: { $0.name == name }) {
            throw body.error(name, problem)
        }
        try body.refuseUnknown(except: Self.keys.union(Self.unusedKeys))
        for (name, position) in body.names where Self.unusedKeys.contains(name) {
            note("has no effect in Coffer", about: name, at: position)
        }
        switch block.labels[0] {
        case "tcp":
            guard let address = Self.address(try body.text("address") ?? "127.0.0.1:8200") else {
                throw body.error("address", "must be a host and a port such as \"127.0.0.1:8200\"")
            }
            return try common(ListenerSettings(address: address, tls: try tls()))
        case "unix":
            guard let path = try body.text("address"), !path.isEmpty else {
                throw HCLError("listener \"unix\" needs the path of its socket as address", at: block.position)
            }
            let mode = try body.text("socket_mode").map { UInt32($0, radix: 8) }
            if case .some(.none) = mode { throw body.error("socket_mode", "must be an octal mode such as \"0600\"") }
            return try common(ListenerSettings(address: .unix(path: path, mode: mode ?? 0o600)))
        case let type:
            throw HCLError("listener \(HCLError.quoted(type)) is not supported; use \"tcp\" or \"unix\"", at: block.position)
        }
    }

    private mutating func note(_ text: String, about name: String, at position: HCLPosition) {
        notices.append(ConfigurationNotice("listener: \(HCLError.quoted(name)) \(text)", file: file, at: position))
    }

    // MARK: Parts

    /// Parses `host:port`, `[v6]:port`, `:port`, or a host alone, whose port is then 8200. Returns
    /// nil for anything else.
    static func address(_ text: String) -> ListenerSettings.Address? {
        if let bracketed = text.removingUTF8Prefix("[") {
            guard let (host, rest) = bracketed.cutUTF8(at: "]") else { return nil }
            if rest.isEmpty { return .tcp(host: String(host), port: 8_200) }
            return rest.removingUTF8Prefix(":").flatMap(port).map { .tcp(host: String(host), port: $0) }
        }
        let parts = text.splitUTF8(at: ":", omittingEmpty: false)
        switch parts.count {
        case 1 where !text.isEmpty: return .tcp(host: text, port: 8_200)
        case 2: return port(parts[1]).map { .tcp(host: parts[0].isEmpty ? "0.0.0.0" : String(parts[0]), port: $0) }
        default: return nil
        }
    }

    private static func port(_ text: Substring) -> Int? {
        guard let port = Int(text), (0...65_535).contains(port) else { return nil }
        return port
    }

    private mutating func tls() throws(HCLError) -> TLSSettings? {
        if try body.bool("tls_disable") ?? false { return nil }
        guard let certificate = try body.text("tls_cert_file"), let key = try body.text("tls_key_file") else {
            throw HCLError(
                "the listener has no tls_cert_file and tls_key_file; set both, or tls_disable = true behind a proxy that terminates TLS",
                at: block.position)
        }
        var tls = TLSSettings(certificateFile: certificate, keyFile: key)
        if let version = try version("tls_min_version") { tls.minimumVersion = version }
        tls.maximumVersion = try version("tls_max_version")
        if let maximum = tls.maximumVersion, maximum == .tls12, tls.minimumVersion == .tls13 {
            throw body.error("tls_max_version", "is below tls_min_version")
        }
        tls.clientCAFile = try body.text("tls_client_ca_file")
        let isRequired = try body.bool("tls_require_and_verify_client_cert") ?? false
        let isOff = try body.bool("tls_disable_client_certs") ?? false
        if isRequired, isOff {
            throw body.error("tls_disable_client_certs", "cannot be combined with tls_require_and_verify_client_cert")
        }
        if isRequired, tls.clientCAFile == nil {
            throw body.error("tls_require_and_verify_client_cert", "needs tls_client_ca_file")
        }
        if isRequired {
            tls.clientCertificates = .required
        } else {
            tls.clientCertificates = isOff || tls.clientCAFile == nil ? .notAsked : .optional
        }
        if let suites = try body.text("tls_cipher_suites") {
            tls.cipherSuites = suites.splitUTF8(at: ",").map { String($0.filter { $0 != " " }) }
        }
        return tls
    }

    /// Reads a TLS version. A version older than 1.2 is taken as 1.2, with a warning.
    private mutating func version(_ key: String) throws(HCLError) -> TLSSettings.Version? {
        switch try body.text(key) {
        case nil, "": return nil
        case "tls12": return .tls12
        case "tls13": return .tls13
        case "tls10", "tls11":
            note("is taken as \"tls12\", the oldest version that Coffer speaks", about: key, at: body.position(of: key))
            return .tls12
        default: throw body.error(key, "must be \"tls12\" or \"tls13\"")
        }
    }

    private mutating func common(_ base: ListenerSettings) throws(HCLError) -> ListenerSettings {
        var settings = base
        if let size = try body.int("max_request_size") {
            let ceiling = RequestLimits.bodyBytesCeiling
            if size <= 0 || size > ceiling {
                note("is limited to \(ceiling) bytes", about: "max_request_size", at: body.position(of: "max_request_size"))
            }
            settings.limits.bodyBytesMax = size <= 0 ? ceiling : min(size, ceiling)
        }
        try time("http_read_header_timeout", &settings.timeouts.headerMilliseconds)
        try time("http_read_timeout", &settings.timeouts.readMilliseconds)
        try time("http_write_timeout", &settings.timeouts.writeMilliseconds)
        try time("http_idle_timeout", &settings.timeouts.idleMilliseconds)
        if let seconds = requestSeconds, seconds > 0 { settings.timeouts.requestMilliseconds = seconds * 1_000 }
        try time("max_request_duration", &settings.timeouts.requestMilliseconds)
        settings.demandsVaultRequestHeader = try body.bool("require_request_header") ?? false
        settings.forwarding = try forwarding()
        return settings
    }

    /// Reads a timeout. 0 keeps the default, because no wait may be unlimited.
    private func time(_ key: String, _ milliseconds: inout Int) throws(HCLError) {
        if let seconds = try body.seconds(key), seconds > 0 { milliseconds = min(seconds, 86_400) * 1_000 }
    }

    private func forwarding() throws(HCLError) -> ForwardedFor? {
        guard let ranges = try body.addressRanges("x_forwarded_for_authorized_addrs") else { return nil }
        let skips = try body.int("x_forwarded_for_hop_skips") ?? 0
        guard (0...32).contains(skips) else { throw body.error("x_forwarded_for_hop_skips", "must be a number from 0 to 32") }
        return ForwardedFor(
            authorized: ranges, hopSkips: skips,
            rejectsUnauthorized: try body.bool("x_forwarded_for_reject_not_authorized") ?? true,
            rejectsAbsent: try body.bool("x_forwarded_for_reject_not_present") ?? true)
    }

    // MARK: Keys

    static let keys: Set<String> = [
        "address", "tls_disable", "tls_cert_file", "tls_key_file", "tls_min_version", "tls_max_version", "tls_cipher_suites",
        "tls_client_ca_file", "tls_require_and_verify_client_cert", "tls_disable_client_certs", "max_request_size",
        "max_request_duration", "http_idle_timeout", "http_read_timeout", "http_read_header_timeout", "http_write_timeout",
        "require_request_header", "x_forwarded_for_authorized_addrs", "x_forwarded_for_hop_skips",
        "x_forwarded_for_reject_not_authorized", "x_forwarded_for_reject_not_present", "socket_mode",
    ]

    static let unusedKeys: Set<String> = [
        "agent_api", "cluster_address", "cors_allowed_headers", "cors_allowed_origins", "cors_enabled", "custom_response_headers",
        "disable_replication_status_endpoints", "disable_request_limiter", "disable_unauthed_rekey_endpoints",
        "inflight_requests_logging", "max_json_array_element_count", "max_json_depth", "max_json_object_entry_count",
        "max_json_string_value_length", "profiling", "purpose", "redact_addresses", "redact_cluster_name", "redact_version", "role",
        "socket_group", "socket_user", "telemetry", "tls_prefer_server_cipher_suites", "type",
    ]

    /// Keys that change who may connect. They are refused, because ignoring them would leave a
    /// listener open, or cut off its clients.
    private static let refused: [(String, String)] = [
        ("proxy_protocol_behavior", "is not supported: the PROXY protocol is not spoken; use x_forwarded_for_authorized_addrs"),
        ("proxy_protocol_authorized_addrs", "is not supported: the PROXY protocol is not spoken"),
        ("chroot_namespace", "is not supported: there are no namespaces"),
    ]
}

extension HCLBody {
    func position(of key: String) -> HCLPosition { names.first { $0.name == key }?.position ?? position }
}
