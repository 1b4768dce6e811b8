import Hashes
import EngineKit
import Logging
import Syntax

extension ChainState {
    /// Returns the last failure if the device must not be used now: because it was closed, or because it is too early to try
    /// again.
    func currentFailure(_ clock: some TimeSource) -> AuditDeviceError? {
        if isFinished { return AuditDeviceError(reason: "the device was closed", isClean: true) }
        guard !isOpen, let retryAt, clock.now() < retryAt else { return nil }
        return AuditDeviceError(reason: failure ?? "the last write failed", isClean: true)
    }

    /// Opens the device if it is not open.
    mutating func openIfNeeded(_ context: DeviceChain.Context) throws(AuditDeviceError) {
        guard !isOpen else { return }
        let now = context.clock.now()
        try open(context, at: now)
        (retryAt, openedAt) = (nil, now)
    }

    /// Opens the device and begins a segment, after recording any damage that was found.
    mutating func open(_ context: DeviceChain.Context, at now: Timestamp) throws(AuditDeviceError) {
        let known = checkpoint(at: now)
        let contents = try device.open()
        isOpen = false  // Until the header is written.
        let start = ChainStart.decide(contents, known: known, isKnownLost: isKnownLost, keys: keys) {
            device.line(endingAt: $0)
        }
        last = Position(sequence: start.sequence, mac: start.previous, segment: "")
        if let repair = contents.repair { owedRepairs.append(repair) }
        if contents.isForeign { pending.append(UInt8(ascii: "\n")) }
        begin(start.origin, context, at: now)
        for repair in owedRepairs { appendRepair(repair, context, at: now) }
        if let reason = start.breakReason { appendBreak(reason, fileBytes: contents.fileBytes, context: context, at: now) }
        try flush()
        owedRepairs = []
        isOpen = true
    }

    /// Begins a segment with a new key: appends its header.
    mutating func begin(_ origin: ChainStart.Origin, _ context: DeviceChain.Context, at now: Timestamp) {
        last.segment = Hex.encode(context.randomness.bytes(ChainLine.segmentHexBytes / 2))
        segmentKey = keys.segmentKey(last.segment).keyedHash
        append(
            "segment",
            [
                .init(key: "version", value: 1), .init(key: "node", value: .string(header.nodeID)),
                .init(key: "device", value: .string(header.path)), .init(key: "accessor", value: .string(header.accessor)),
                .init(key: "start", value: .string(origin.rawValue)),
            ], at: now)
    }

    /// Appends the line that ends a file.
    mutating func end(at now: Timestamp) { append("end", [], at: now) }

    /// Appends a line about an incomplete line that was removed.
    private mutating func appendRepair(_ repair: DeviceContents.Repair, _ context: DeviceChain.Context, at now: Timestamp) {
        append(
            "repair",
            [
                .init(key: "removed_bytes", value: .int(repair.removedBytes)),
                .init(key: "removed_sha256", value: .string(repair.removedSHA256)),
            ], at: now)
        log("an incomplete last line of \(repair.removedBytes) bytes, which was removed", context)
    }

    /// Appends a line about damage that was found.
    private mutating func appendBreak(
        _ reason: ChainStart.Break, fileBytes: UInt64, context: DeviceChain.Context, at now: Timestamp
    ) {
        append(
            "break",
            [
                .init(key: "reason", value: .string(reason.rawValue)), .init(key: "file_bytes", value: .int(fileBytes)),
                .init(key: "expected_seq", value: .int(last.sequence - 1)),
            ], at: now)
        log(reason.rawValue, context)
    }

    private func log(_ found: String, _ context: DeviceChain.Context) {
        context.logger.warning("audit file was damaged", metadata: ["device": "\(header.path)", "found": "\(found)"])
    }

    /// Appends a line that the chain itself writes.
    private mutating func append(_ type: StaticString, _ members: [JSONObject.Member], at now: Timestamp) {
        var content: [UInt8] = []
        content.append("\"time\":\"" as StaticString)
        var time = TimeText()
        time.append(now, to: &content)
        content.append("\",\"type\":\"" as StaticString)
        content.append(type)
        content.append(UInt8(ascii: "\""))
        for member in members {
            content.append(UInt8(ascii: ","))
            JSON.encode(member.key, into: &content)
            content.append(UInt8(ascii: ":"))
            member.value.encode(into: &content)
        }
        content.withUnsafeBytes { append($0) }
    }
}
