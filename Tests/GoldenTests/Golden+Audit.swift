import Audit
import Syntax

extension Golden {
    static let ofAudit: [Golden] = [
        Golden("audit-table") { bytes in
            let rows = try required(JSON(parsing: bytes).arrayValue)
            return JSON.array(try rows.map { try required(AuditDeviceConfiguration(json: $0)).json }).encoded()
        },
        Golden("audit-checkpoint") { try required(AuditCheckpoint(json: JSON(parsing: $0))).json.encoded() },
    ]
}
