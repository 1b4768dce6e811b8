import StorePostgres
import Syntax

extension ServerConfiguration {
    mutating func applyStorage(_ body: HCLBody, file: String) throws(HCLError) {
        let blocks = try body.blocks("storage", labels: 1) + body.blocks("backend", labels: 1)
        guard let block = blocks.first else { return }
        if blocks.count > 1 { throw HCLError("storage is set twice", at: blocks[1].position) }
        switch block.labels[0] {
        case "inmem", "memory":
            try block.body.refuseUnknown(except: [])
            storage = .memory
        case "sqlite":
            try block.body.refuseUnknown(except: ["path"])
            storage = .sqlite(directory: try path(block))
        case "postgresql", "postgres":
            storage = .postgresql(try PostgresSettings(block))
        case "file", "raft":
            let directory = try path(block)
            storage = .sqlite(directory: directory)
            notices.append(
                ConfigurationNotice(
                    "storage \(HCLError.quoted(block.labels[0])) opens a SQLite store in its path; data that Vault has stored there is not read",
                    file: file, at: block.position))
        case let type:
            let what = "storage \(HCLError.quoted(type)) is not supported; use \"sqlite\" with a path, \"postgresql\", or \"inmem\""
            throw HCLError(what, at: block.position)
        }
    }

    private func path(_ block: HCLBlock) throws(HCLError) -> String {
        guard let path = try block.body.string("path"), !path.isEmpty else {
            throw HCLError("storage \(HCLError.quoted(block.labels[0])) needs a path", at: block.position)
        }
        return path
    }
}

extension PostgresSettings {
    private static let keys: Set<String> = ["connection_url", "table", "max_parallel", "max_idle_connections", "ha_enabled"]

    /// Reads a `storage "postgresql"` block, which has Vault's keys. The URL may also come from
    /// `VAULT_PG_CONNECTION_URL`.
    init(_ block: HCLBlock) throws(HCLError) {
        let body = block.body
        try body.refuseUnknown(except: Self.keys)
        self.init(connectionURL: try body.text("connection_url") ?? "")
        if let name = try body.text("table") {
            guard Self.isTableName(name) else {
                throw body.error("table", "must be a name of lower-case letters, digits and _, at most 40 long")
            }
            table = name
        }
        if let count = try Self.number("max_parallel", body) {
            guard Self.parallelRange.contains(count) else { throw body.error("max_parallel", "must be from 1 to 128") }
            parallelMax = count
        }
        if let count = try Self.number("max_idle_connections", body) {
            guard (0...Self.parallelRange.upperBound).contains(count) else {
                throw body.error("max_idle_connections", "must be from 0 to 128")
            }
            idleMax = count
        }
        if let isOn = try body.bool("ha_enabled") { allowsOthers = isOn }
    }

    /// Returns a number, which may be written as a string, as Vault's documentation does.
    private static func number(_ key: String, _ body: HCLBody) throws(HCLError) -> Int? {
        guard let text = try body.text(key) else { return nil }
        guard let number = Int(text) else { throw body.error(key, "must be a number") }
        return number
    }
}

extension ServerConfiguration {
    /// Applies the variables of the storage, which override the file.
    mutating func applyStorage(_ environment: ServerEnvironment) throws(ConfigurationError) {
        if let name = environment["COFFER_NODE_NAME"] { nodeName = name }
        guard case .postgresql(var settings)? = storage else { return }
        if let url = try environment.secret("COFFER_PG_CONNECTION_URL", "VAULT_PG_CONNECTION_URL") { settings.connectionURL = url }
        if let table = environment["VAULT_PG_TABLE"] { settings.table = table }
        guard !settings.connectionURL.isEmpty else {
            throw ConfigurationError("storage \"postgresql\" needs a connection_url, or VAULT_PG_CONNECTION_URL")
        }
        guard PostgresSettings.isTableName(settings.table) else {
            throw ConfigurationError("VAULT_PG_TABLE must be a name of lower-case letters, digits and _, at most 40 long")
        }
        storage = .postgresql(settings)
    }
}

extension ServerConfiguration.Seal {
    init(_ block: HCLBlock) throws(HCLError) {
        let body = block.body
        isDisabled = try body.bool("disabled") ?? false
        switch block.labels[0] {
        case "shamir":
            try body.refuseUnknown(except: ["disabled"])
            mechanism = .shamir
        case "static":
            try body.refuseUnknown(except: ["disabled", "current_key_id", "current_key", "previous_key_id", "previous_key"])
            guard let id = try body.text("current_key_id"), let key = try body.text("current_key"), !id.isEmpty, !key.isEmpty
            else { throw HCLError("seal \"static\" needs current_key_id and current_key", at: block.position) }
            let previousID = try body.text("previous_key_id")
            let previous = try body.text("previous_key")
            guard (previousID == nil) == (previous == nil) else {
                throw HCLError("previous_key_id and previous_key must be set together", at: block.position)
            }
            mechanism = .static(currentKeyID: id, currentKey: key, previousKeyID: previousID, previousKey: previous)
        case let type:
            let what = "seal \(HCLError.quoted(type)) is not supported; use \"static\" or \"shamir\""
            throw HCLError(what, at: block.position)
        }
    }
}
