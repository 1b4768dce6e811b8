import Audit
import EngineKit
import Syntax

extension SystemEngine {
    /// The paths of audit devices.
    var auditPaths: [EnginePath] {
        [
            EnginePath("audit", "Lists the audit devices.", access: .sudo)
                .reading("List audit devices.") { _ in .data(shownDevices) },
            EnginePath(
                "audit/{path...}", "Enables and disables an audit device.",
                fields: [
                    Field("type", .string, "Type of the device: file, socket or syslog."),
                    Field("description", .string, default: "", "Description of the device."),
                    Field("options", .stringMap, "Options of the device, such as file_path."),
                    Field("local", .bool, default: false, "Accepted for compatibility: nothing is replicated."),
                ], access: .sudo, allowsFolder: true
            )
            .updatingWithoutAnswer("Enable an audit device.") { try await enableAudit($0) }
            .deleting("Disable an audit device.") { try await audit.disable($0.captures["path"] + "/") },
            EnginePath(
                "audit-hash/{path...}", "Returns a value as an audit device records it.",
                fields: [Field("input", .string, required: true, "Value to hash.")], allowsFolder: true
            )
            .updating("Hash a value.") { request in
                let path = request.captures["path"] + "/"
                return .data(["hash": .string(try audit.hash(path, request.fields.text("input")))])
            },
            EnginePath(
                "audit-verify/{path...}", "Returns the keys that verify an audit device's file.",
                details: "Ends the current segment first, so that the keys cannot be used to forge later entries.",
                fields: [Field("segments", .strings, required: true, "Ids of the segments in the file.")], access: .sudo,
                allowsFolder: true
            )
            .updating("Read the keys and the checkpoint.") { request in
                let path = request.captures["path"] + "/"
                let disclosed = try audit.disclose(path, segments: request.fields.texts("segments"))
                try await audit.storeCheckpoints()
                return Response(.data(disclosed))
            },
        ]
    }

    /// The enabled devices, with the fault of each one that fails on this node.
    private var shownDevices: JSONObject {
        let failures = audit.failures
        return JSONObject(
            audit.list().map { device in
                var shown = device.shown
                if let failure = failures[device.path] { shown["failure"] = .string(failure) }
                return .init(key: device.path, value: .object(shown))
            })
    }

    private func enableAudit(_ request: Request) async throws {
        guard let type = request.fields.string("type"), !type.isEmpty else { throw CofferError.invalid("missing field 'type'") }
        let path = request.captures["path"]
        guard !path.isEmpty else {
            throw CofferError.invalid("the path of the audit device is missing: send the request to sys/audit/<path>")
        }
        try await audit.enable(
            path + "/", type: type, description: request.fields.text("description"),
            options: request.fields.textMap("options"), isLocal: request.fields.flag("local"))
    }
}

extension AuditDeviceConfiguration {
    fileprivate var shown: JSONObject {
        [
            "type": .string(type), "description": .string(description), "options": .map(options),
            "path": .string(path), "local": .bool(isLocal),
        ]
    }
}
