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
        case "file", "raft":
            let directory = try path(block)
            storage = .sqlite(directory: directory)
            notices.append(
                ConfigurationNotice(
                    "storage \(HCLError.quoted(block.labels[0])) opens a SQLite store in its path; data that Vault has there is not read",
                    file: file, at: block.position))
        case let type:
            let what = "storage \(HCLError.quoted(type)) is not supported; use \"sqlite\" with a path, or \"inmem\""
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
                throw HCLError("previous_key_id and previous_key go together", at: block.position)
            }
            mechanism = .static(currentKeyID: id, currentKey: key, previousKeyID: previousID, previousKey: previous)
        case let type:
            let what = "seal \(HCLError.quoted(type)) is not supported; use \"static\" or \"shamir\""
            throw HCLError(what, at: block.position)
        }
    }
}
