internal import ArgumentParser
internal import Audit
internal import CofferClient
internal import Foundation
internal import Syntax

/// Reads the file here and asks the server only for the keys that its lines were sealed with.
struct AuditVerifyCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Finds the first line of an audit file that was changed, removed, moved or cut off.",
        discussion: """
            coffer audit verify /var/log/coffer/audit.log
            coffer audit verify -path=file /var/log/coffer/audit.log.1
            """)
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: ArgumentHelp("The device that wrote the file; found by the file's path by default.", valueName: "name"))
    var path: String?
    @Option(help: ArgumentHelp("The server's answer of sys/audit-verify, to check without a server.", valueName: "file"))
    var keys: String?
    @Argument(help: ArgumentHelp("The audit file.", valueName: "file")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(1)
        let file = arguments[0]
        let disclosure = try await disclosure(session, file)
        let verdict: AuditVerdict
        do {
            verdict = try AuditVerifier.verify(
                path: file, keys: .segments(disclosure.segmentKeys, live: disclosure.liveSegment),
                checkpoint: checkpoint(disclosure, file))
        } catch {
            throw CommandFailure.local("\(error)")
        }
        try report(verdict, session, file)
    }

    private func disclosure(_ session: Session, _ file: String) async throws -> AuditChainDisclosure {
        let answer: JSON
        if let keys {
            guard let json = try? JSON(parsing: try session.system.input.file(keys)) else {
                throw CommandFailure.local("\(keys) is not the JSON that the server gave")
            }
            answer = json["data"] ?? json
        } else {
            let segments: [String]
            do {
                segments = try AuditVerifier.segments(path: file)
            } catch {
                throw CommandFailure.local("\(error)")
            }
            let device = try await device(session, file)
            let body: JSON = ["segments": .strings(segments)]
            answer = try await session.call("Error asking for the keys of the audit file") {
                try await $0.request(.put, "sys/audit-verify/\(device)", body: body).json?["data"] ?? .null
            }
        }
        guard let disclosure = AuditChainDisclosure(json: answer) else {
            throw CommandFailure.server("The server's answer does not hold the keys of an audit file.")
        }
        return disclosure
    }

    /// The named device, or the one that writes this very file, or the only one there is.
    private func device(_ session: Session, _ file: String) async throws -> String {
        if let path { return try ArgumentText.requiredPath(path) }
        let devices = try await session.call("Error listing audits") { try await $0.sys.auditDevices() }
        let absolute = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
        let writers = devices.members.filter { member in
            guard let path = member.value["options"]?["file_path"]?.stringValue else { return false }
            return URL(fileURLWithPath: path).resolvingSymlinksInPath().path == absolute
        }
        let candidates = writers.isEmpty ? devices.members : writers
        guard candidates.count == 1, let only = candidates.first else {
            throw CommandFailure.local("Name the audit device that wrote the file with -path (see `coffer audit list`)")
        }
        return ArgumentText.path(only.key)
    }

    /// Rotated files end where they end; the checkpoint is the end of the file that is written to now.
    private func checkpoint(_ disclosure: AuditChainDisclosure, _ file: String) throws -> AuditCheckpoint? {
        let segments = (try? AuditVerifier.segments(path: file)) ?? []
        return segments.contains(disclosure.checkpoint.segment) ? disclosure.checkpoint : nil
    }

    private func report(_ verdict: AuditVerdict, _ session: Session, _ file: String) throws {
        if session.printer.isTable {
            session.console.output(verdict.summary(of: file))
        } else {
            try session.printer.value(.object(verdict.shown))
        }
        guard verdict.isIntact else { throw CommandFailure.server("The audit file is not what the server wrote.") }
    }
}

extension AuditVerdict {
    fileprivate func summary(of file: String) -> String {
        if let finding { return "\(file): line \(finding.line): \(finding.reason.rawValue)" }
        var text = "\(file): \(lines) lines in \(segments) segments are intact"
        if let firstSequence, let lastSequence { text += ", records \(firstSequence) to \(lastSequence)" }
        if repairs > 0 { text += "; \(repairs) torn lines were cut away by the server and recorded" }
        if unverifiedLines > 0 { text += "; \(unverifiedLines) newest lines are still being written and were not checked" }
        if !isCheckpointed, !isEnded { text += "; lines cut off its end would not be noticed" }
        return text + "."
    }

    fileprivate var shown: JSONObject {
        var object: JSONObject = [
            "intact": .bool(isIntact), "lines": .int(lines), "segments": .int(segments), "repairs": .int(repairs),
            "unverified_lines": .int(unverifiedLines), "ended": .bool(isEnded), "checkpointed": .bool(isCheckpointed),
        ]
        if let finding { object["finding"] = ["line": .int(finding.line), "reason": .string(finding.reason.rawValue)] }
        return object
    }
}
