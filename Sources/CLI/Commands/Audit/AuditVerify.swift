internal import ArgumentParser
internal import Audit
internal import CofferClient
internal import Foundation
internal import Syntax

/// Verifies an audit file locally, with the keys of its segments from the server or from a file.
struct AuditVerifyCommand: SessionCommand {
    // The exit statuses other than 0 for an intact file and 1 for one that cannot be read.
    private static let changedStatus: Int32 = 2
    private static let unprovableStatus: Int32 = 3

    static let configuration = CommandConfiguration.command(
        "coffer audit verify [options] <file> ...", "Verify that an audit file has not been changed.",
        notes: """
            The exit status is 0 if the file is intact, 2 if it was changed, 3 if it cannot be verified with these keys, and \
            1 if nothing was verified, for example because it cannot be read or the server refuses the keys. A copy whose last \
            lines were removed cannot be told from an older copy, so the status of both is 3. The end of the file that the server \
            is writing is compared with the server's record.
            """,
        examples: "coffer audit verify /var/log/coffer/audit.log", "coffer audit verify -keys=keys.json copy.log")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(
        name: [.long, .customLong("path")],
        help: .init("The device that wrote the file (default: found by the file's path).", valueName: "name"))
    var device: String?
    @Option(help: .init("The output of `coffer audit keys`, to verify without a server.", valueName: "file")) var keys: String?
    @Argument(help: .init("The audit file, or several consecutive files.", valueName: "file")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        let disclosure: AuditChainDisclosure
        var isWrittenNow = false
        if let keys {
            disclosure = try Self.disclosure(of: keys, session)
        } else {
            (disclosure, isWrittenNow) = try await askServer(session)
        }
        let verdict: AuditVerdict
        do {
            verdict = try AuditVerifier.verify(
                paths: arguments, keys: .segments(disclosure.segmentKeys, live: disclosure.liveSegment),
                checkpoint: checkpoint(disclosure), tail: isWrittenNow ? .complete : .copy, accessor: disclosure.accessor)
        } catch {
            throw CommandFailure.local("\(error)")
        }
        if let finding = verdict.finding, finding.line <= 1, !isWrittenNow, [.malformed, .empty].contains(finding.reason) {
            throw CommandFailure.local("\(arguments[0]) is not an audit file: \(finding.reason.rawValue)")
        }
        try report(verdict, session)
    }

    /// Returns the server's keys of the files, and whether a device writes the last file now.
    private func askServer(_ session: Session) async throws -> (AuditChainDisclosure, isWrittenNow: Bool) {
        do {
            let disclosure = try await session.auditKeys(of: arguments, device: device)
            guard let last = arguments.last else { return (disclosure, false) }
            return (disclosure, try await session.isWrittenNow(last))
        } catch var failure as CommandFailure where failure.status == 2 {
            // A status of 2 would say that the file was changed.
            failure.status = 1
            failure.message = """
                Nothing was verified, because that needs the keys of the audit device: log in with a token that may `read` sys/audit \
                and `update` sys/audit-verify/\(device ?? "DEVICE"), both with `sudo`, or give the keys with -keys.

                \(failure.message)
                """
            throw failure
        }
    }

    private static func disclosure(of keys: String, _ session: Session) throws -> AuditChainDisclosure {
        let bytes = try session.system.input.file(keys)
        guard let json = try? JSON(parsing: bytes), let disclosure = AuditChainDisclosure(json: json["data"] ?? json) else {
            throw CommandFailure.local("\(keys) is not the output of `coffer audit keys`")
        }
        return disclosure
    }

    /// Returns the recorded end of the file that was being written when the keys were fetched. Rotated files have none.
    private func checkpoint(_ disclosure: AuditChainDisclosure) -> AuditCheckpoint? {
        let isHere = arguments.contains { file in
            (try? AuditVerifier.segments(path: file))?.contains(disclosure.checkpoint.segment) == true
        }
        return isHere ? disclosure.checkpoint : nil
    }

    private func report(_ verdict: AuditVerdict, _ session: Session) throws {
        if session.printer.isTable {
            session.console.output(verdict.summary)
        } else {
            try session.printer.value(.object(verdict.shown))
        }
        switch verdict.outcome {
        case .intact: return
        case .unprovable: throw CommandFailure.quiet(Self.unprovableStatus)
        case .changed: throw CommandFailure.quiet(Self.changedStatus)
        }
    }
}

extension AuditVerdict {
    fileprivate var summary: String {
        if let finding { return tampered(finding) }
        if let doubt { return doubtful(doubt) }
        var text = "OK: \(records) intact."
        if repairs == 1 { text += " The server removed one line that a crash had cut short, and recorded that." }
        if repairs > 1 { text += " The server removed \(repairs) lines that crashes had cut short, and recorded that." }
        switch unverifiedLines {
        case 0: break
        case 1: text += " The last line belongs to the open segment and can be verified later."
        default: text += " The last \(unverifiedLines) lines belong to the open segment and can be verified later."
        }
        return text
    }

    private var records: String {
        guard let firstSequence, let lastSequence else { return "no record is" }
        return firstSequence == lastSequence ? "record \(firstSequence) is" : "records \(firstSequence)\u{2013}\(lastSequence) are"
    }

    private func tampered(_ finding: Finding) -> String {
        let intact = lastSequence.map { " Records up to \($0) were verified before it." } ?? ""
        return "TAMPERED at line \(finding.line): \(finding.reason.rawValue).\(intact)"
    }

    private func doubtful(_ doubt: Doubt) -> String {
        let verified = lastSequence.map { "CANNOT VERIFY beyond record \($0)" } ?? "CANNOT VERIFY any record"
        switch doubt.reason {
        case .noKey:
            return "\(verified): no key for segment \(doubt.segment ?? "") at line \(doubt.line). "
                + "Fetch new keys with `coffer audit keys`."
        case .torn:
            return "\(verified): the copy ends inside line \(doubt.line). Copy the file again."
        case .olderThanKeys:
            return
                "\(verified): the file ends there, but the server had written more when the keys were fetched. Either the copy is "
                + "older than the keys, or lines were removed from its end. Copy the file after you fetch the keys."
        case .openEnd:
            return "\(verified): the file was not closed cleanly. Either it is a copy of a file that was still being written, or "
                + "lines were removed from its end. Copy it after you fetch the keys, or verify it together with the next file."
        case .otherDevice:
            return
                "CANNOT VERIFY: the file was written by the audit device \(doubt.device ?? ""), but these keys belong to another device. "
                + "Name the device with -device. A file of a disabled device needs keys that were fetched before it was disabled."
        }
    }

    fileprivate var shown: JSONObject {
        var object: JSONObject = [
            "verdict": .string(outcome.rawValue), "intact": .bool(isIntact), "lines": .int(lines), "segments": .int(segments),
            "repairs": .int(repairs), "unverified_lines": .int(unverifiedLines), "ended": .bool(isEnded),
            "checkpointed": .bool(isCheckpointed),
        ]
        if let firstSequence { object["first_record"] = .int(Int(clamping: firstSequence)) }
        if let lastSequence { object["last_record"] = .int(Int(clamping: lastSequence)) }
        if let finding { object["finding"] = ["line": .int(finding.line), "reason": .string(finding.reason.rawValue)] }
        if let doubt { object["doubt"] = ["line": .int(doubt.line), "reason": .string(doubt.reason.rawValue)] }
        return object
    }
}
