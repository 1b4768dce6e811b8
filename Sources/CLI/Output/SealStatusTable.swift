internal import Syntax

/// The answer of `sys/seal-status` as a table.
struct SealStatusTable {
    let status: JSONObject

    init(_ status: JSONObject) { self.status = status }

    /// Prints the table, or the answer as JSON or YAML.
    func write(to printer: Printer) throws { try printer.rows(rows, json: .object(status)) }

    private func text(_ name: String) -> String { ValueText.cell(status[name]) }

    private func isTrue(_ name: String) -> Bool { status[name]?.boolValue ?? false }

    private var rows: [[String]] {
        let isRecovery = isTrue("recovery_seal")
        var rows = [["Seal Type", text("type")]]
        if !text("seal_key_id").isEmpty { rows.append(["Seal Key ID", text("seal_key_id")]) }
        if isRecovery { rows.append(["Recovery Seal Type", text("recovery_seal_type")]) }
        rows += [
            ["Initialized", text("initialized")],
            ["Sealed", text("sealed")],
            [isRecovery ? "Total Recovery Shares" : "Total Shares", text("n")],
            ["Threshold", text("t")],
        ]
        if !text("unavailable_reason").isEmpty { rows.append(["Unavailable", text("unavailable_reason")]) }
        if isTrue("sealed") {
            rows.append(["Unseal Progress", "\(text("progress"))/\(text("t"))"])
            rows.append(["Unseal Nonce", text("nonce")])
        }
        if isTrue("migration") { rows.append(["Seal Migration in Progress", "true"]) }
        rows += [["Version", text("version")], ["Build Date", text("build_date")], ["Storage Type", text("storage_type")]]
        if !text("cluster_name").isEmpty { rows += [["Cluster Name", text("cluster_name")], ["Cluster ID", text("cluster_id")]] }
        rows.append(["HA Enabled", String(isTrue("ha_enabled"))])
        if isTrue("ha_enabled") {
            rows.append(["HA Cluster", text("leader_cluster_address")])
            rows.append(["HA Mode", isTrue("is_self") ? "active" : "standby"])
            if !isTrue("is_self") { rows.append(["Active Node Address", text("leader_address")]) }
        }
        return rows
    }
}
