import Foundation
import HTTPShell
import Logging
import Syntax

extension ServerConfiguration {
    /// The size limit of a configuration file.
    static let fileBytesMax = 1 << 20

    /// Reads the files, and in directories every `.hcl` and `.json` file, in order of their names.
    mutating func apply(paths: [String]) throws(ConfigurationError) {
        for path in paths {
            for file in try Self.files(path) { try apply(text: try Self.contents(of: file), file: file) }
        }
    }

    private static func files(_ path: String) throws(ConfigurationError) -> [String] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw ConfigurationError("the configuration does not exist or cannot be read", file: path)
        }
        guard isDirectory.boolValue else { return [path] }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw ConfigurationError("the directory cannot be read", file: path)
        }
        let files = names.filter { $0.hasUTF8Suffix(".hcl") || $0.hasUTF8Suffix(".json") }.sorted()
        guard !files.isEmpty else { throw ConfigurationError("the directory has no .hcl or .json file", file: path) }
        return files.map { path.hasUTF8Suffix("/") ? path + $0 : "\(path)/\($0)" }
    }

    private static func contents(of file: String) throws(ConfigurationError) -> [UInt8] {
        let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
        guard size <= fileBytesMax else { throw ConfigurationError("the file is larger than 1 MiB", file: file) }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ConfigurationError("the file cannot be read", file: file)
        }
        return Array(data)
    }

    /// Applies one document: its values and storage replace earlier ones, its listeners and seals
    /// are added.
    package mutating func apply(text: [UInt8], file: String) throws(ConfigurationError) {
        do throws(HCLError) {
            try apply(try HCLBody(parsing: text), file: file)
        } catch {
            throw ConfigurationError(error, file: file)
        }
    }

    private mutating func apply(_ body: HCLBody, file: String) throws(HCLError) {
        try body.refuseUnknown(except: Self.keys.union(Self.connectionKeys).union(Self.outboundKeys).union(Self.unusedKeys))
        noteUnused(Self.unusedKeys, in: body, file: file)
        if let text = try body.text("api_addr") { apiAddress = text }
        if let text = try body.text("cluster_addr") { clusterAddress = text }
        if let text = try body.text("cluster_name") { clusterName = text }
        if let seconds = try body.seconds("default_lease_ttl"), seconds > 0 { defaultLeaseTTL = seconds }
        if let seconds = try body.seconds("max_lease_ttl"), seconds > 0 { maxLeaseTTL = seconds }
        if let isOff = try body.bool("disable_mlock") { locksMemory = !isOff }
        if let text = try body.text("log_level") {
            logLevel = try parse(text, as: Logger.Level.init(vault:), key: "log_level", in: body)
        }
        if let text = try body.text("log_format"), !text.isEmpty {
            logFormat = try parse(text, as: LogFormat.init(rawValue:), key: "log_format", in: body)
        }
        if let directories = try body.strings("audit_dirs") {
            guard directories.allSatisfy({ $0.hasUTF8Prefix("/") }) else {
                throw body.error("audit_dirs", "must be absolute paths")
            }
            auditDirectories = directories
        }
        if let paths = try body.strings("audit_disable_on_start") { auditDisableOnStart = paths.map(Self.devicePath) }
        if let isOn = try body.bool("accept_earlier_clock") { acceptsEarlierClock = isOn }
        if let text = try body.text("node_name"), !text.isEmpty { nodeName = text }
        if let text = try body.text("pid_file") { pidFile = text.isEmpty ? nil : text }
        if let isOn = try body.bool("allow_unauthenticated_rekey") { allowsUnauthenticatedRekey = isOn }
        try applyConnections(body)
        try applyOutbound(body)
        try applyStorage(body, file: file)
        for block in try body.blocks("seal", labels: 1) { seals.append(try Seal(block)) }
        try applyLockouts(body)
        try applyUserAPI(body)
        let duration = try body.seconds("default_max_request_duration")
        for block in try body.blocks("listener", labels: 1) {
            var reader = ListenerReader(block: block, file: file, requestSeconds: duration)
            listeners.append(try reader.settings())
            notices += reader.notices
        }
    }

    /// Returns the path of an audit device with a final slash, as the table of devices has it.
    static func devicePath(_ text: String) -> String { text.utf8.last == UInt8(ascii: "/") ? text : text + "/" }

    private func parse<T>(_ text: String, as read: (String) -> T?, key: String, in body: HCLBody) throws(HCLError) -> T {
        guard let value = read(text.lowercased()) else { throw body.error(key, "has a value that this setting does not take") }
        return value
    }

    private mutating func noteUnused(_ unused: Set<String>, in body: HCLBody, file: String) {
        for (name, position) in body.names where unused.contains(name) {
            notices.append(ConfigurationNotice("\(HCLError.quoted(name)) has no effect in Coffer", file: file, at: position))
        }
    }

    static let keys: Set<String> = [
        "listener", "storage", "backend", "seal", "api_addr", "cluster_addr", "cluster_name", "default_lease_ttl", "max_lease_ttl",
        "default_max_request_duration", "disable_mlock", "log_level", "log_format", "audit_dirs", "node_name", "pid_file",
        "accept_earlier_clock", "allow_unauthenticated_rekey", "audit_disable_on_start", "user_lockout",
        "user_api",
    ]

    /// The top-level keys of Vault and OpenBao that have no meaning in Coffer. Each is accepted
    /// with a warning.
    static let unusedKeys: Set<String> = [
        "administrative_namespace_path", "allow_audit_log_prefixing", "cache_size", "detect_deadlocks", "disable_cache",
        "disable_clustering", "disable_indexing", "disable_performance_standby", "disable_printable_check", "disable_sealwrap",
        "disable_sentinel_trace", "enable_multiseal", "enable_post_unseal_trace", "enable_response_header_hostname",
        "enable_response_header_raft_node_id", "entropy", "experiments", "feature_flags", "ha_backend", "ha_storage",
        "imprecise_lease_role_tracking", "introspection_endpoint", "kms_library", "license", "license_path", "log_file",
        "log_requests_level", "log_rotate_bytes", "log_rotate_duration", "log_rotate_max_files", "plugin_directory",
        "plugin_file_permissions", "plugin_file_uid", "plugin_tmpdir", "post_unseal_trace_directory", "raw_storage_endpoint",
        "remove_irrevocable_lease_after", "replication", "reporting", "request_limiter", "sentinel", "service_registration",
        "telemetry", "ui",
    ]
}

extension HCLBody {
    /// Creates an error about the value of a key, without showing the value.
    func error(_ key: String, _ problem: String) -> HCLError {
        HCLError("\(HCLError.quoted(key)) \(problem)", at: position(of: key))
    }

    /// Returns the choice that a key names, or nil if the key is missing.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String) throws(HCLError) -> Choice? {
        guard let text = try text(key), let value = self[key] else { return nil }
        guard let choice = Choice(rawValue: text) else { throw HCLError("\(key) must be \(Choice.names)", at: value.position) }
        return choice
    }
}

extension CaseIterable where Self: RawRepresentable<String> {
    /// The raw values, for an error message.
    static var names: String { allCases.map(\.rawValue).joined(separator: " or ") }
}
