internal import ArgumentParser
internal import Audit
internal import CofferClient
internal import Foundation
internal import Syntax

/// The command `coffer audit keys`.
struct AuditKeysCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer audit keys [options] <file> ...", "Print the keys that verify an audit file without the server.",
        notes: """
            Fetch the keys first, then copy the file:

              $ coffer audit keys /var/log/coffer/audit.log > keys.json
              $ cp /var/log/coffer/audit.log copy.log
              $ coffer audit verify -keys=keys.json copy.log

            Name all files if there are several, as after a rotation. The keys verify the records that were written before the \
            keys were fetched. Anyone who has them and can write to a file could rewrite that part of it; the server notices \
            this when it opens the file.
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: .init("The device that wrote the files (default: found by the file's path).", valueName: "name"))
    var device: String?
    @Argument(help: .init("The audit files.", valueName: "file")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        let disclosure = try await session.auditKeys(of: arguments, device: device)
        session.console.output(disclosure.json.pretty())
    }
}

extension Session {
    /// Returns the keys of all segments of the files, from the server that wrote them.
    func auditKeys(of files: [String], device: String?) async throws -> AuditChainDisclosure {
        var segments: [String] = []
        for file in files {
            do {
                segments += try AuditVerifier.segments(path: file)
            } catch {
                throw CommandFailure.local("\(error)")
            }
        }
        guard segments.count <= AuditVerifier.segmentsMax else {
            throw CommandFailure.local(
                "The files have \(segments.count) segments, but the server returns at most \(AuditVerifier.segmentsMax) keys at once. Name fewer files."
            )
        }
        let name = try await auditDevice(writing: files[0], named: device)
        let body: JSON = ["segments": .strings(segments)]
        let answer = try await call("Error asking for the keys of the audit file") {
            try await $0.request(.put, "sys/audit-verify/\(name)", body: body).json?["data"] ?? .null
        }
        guard let disclosure = AuditChainDisclosure(json: answer) else {
            throw CommandFailure.server("The server's answer does not contain the keys of an audit file.")
        }
        return disclosure
    }

    /// Returns the named device, or else the device that writes the file, or else the only device.
    func auditDevice(writing file: String, named device: String?) async throws -> String {
        if let device { return try ArgumentText.requiredPath(device) }
        let devices = try await auditDevices()
        let writers = devices.members.filter { Self.writes($0.value, file) }
        let candidates = writers.isEmpty ? devices.members : writers
        guard candidates.count == 1, let only = candidates.first else {
            throw CommandFailure.local("Name the audit device that wrote the file with -device (see `coffer audit list`)")
        }
        return ArgumentText.path(only.key)
    }

    /// Returns whether a device of the server writes the file now, so that the server knows its end.
    func isWrittenNow(_ file: String) async throws -> Bool {
        try await auditDevices().members.contains { Self.writes($0.value, file) }
    }

    private func auditDevices() async throws -> JSONObject {
        try await call("Error listing audits") { try await $0.sys.auditDevices() }
    }

    private static func writes(_ device: JSON, _ file: String) -> Bool {
        guard let path = device["options"]?["file_path"]?.stringValue else { return false }
        return URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            == URL(fileURLWithPath: file).resolvingSymlinksInPath().path
    }
}
