import Crypto
import EngineKit
import Logging

/// One audit device with its chain. Records are formatted outside of its lock, and chained and written inside.
final class DeviceChain: Sendable {
    /// What all devices of a broker share.
    struct Context: Sendable {
        var settings: AuditSettings
        var clock: any TimeSource
        var randomness: any Randomness
        var logger: Logger
    }

    let configuration: AuditDeviceConfiguration
    let keys: DeviceKeys
    let context: Context
    /// Whether the device records anything.
    let isRecording: Bool
    /// Formatters that are not in use.
    private let formatters: UnfairLock<[LineFormatter]>
    /// A formatter to copy if all others are in use.
    private let fresh: LineFormatter
    /// The chain's state. Held while a write is under way, however long the device takes.
    let state: UnfairLock<ChainState>
    /// Whether the last write failed. Reading it waits for no write.
    let health = DeviceHealth()

    private static let formattersMax = 8

    /// Creates a chain without opening its device.
    init(
        _ configuration: AuditDeviceConfiguration, options: AuditOptions, device: any AuditDevice, keys: DeviceKeys,
        known: AuditCheckpoint?, isKnownLost: Bool = false, context: Context
    ) {
        self.configuration = configuration
        self.keys = keys
        self.context = context
        isRecording = device.isRecording
        fresh = LineFormatter(
            hash: keys.values, options: options, randomness: context.randomness)
        formatters = UnfairLock([])
        let header = ChainState.Header(
            nodeID: context.settings.nodeID, path: configuration.path, accessor: configuration.accessor)
        state = UnfairLock(
            ChainState(device: device, keys: keys, header: header, known: known, isKnownLost: isKnownLost, health: health))
    }

    /// Writes the lines of all entries with one write.
    func record(_ entries: [AuditEntry]) throws(AuditDeviceError) {
        var formatter = formatters.withLock { $0.popLast() } ?? fresh
        for entry in entries { formatter.append(entry) }
        let result = write(formatter.output, ends: formatter.ends)
        formatter.reset()
        var returned: LineFormatter? = consume formatter
        formatters.withLock { if $0.count < Self.formattersMax, let formatter = returned.take() { $0.append(formatter) } }
        try result.get()
    }

    /// Chains and writes lines.
    private func write(_ content: [UInt8], ends: [Int]) -> Result<Void, AuditDeviceError> {
        do throws(AuditDeviceError) {
            try withOpenDevice { state throws(AuditDeviceError) in
                content.withUnsafeBytes { bytes in
                    var start = 0
                    for end in ends {
                        state.append(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                        start = end
                    }
                }
                try state.flush()
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// Runs `body` with the chain's state, after opening the device if it is time to. Logs and records a failure, and a
    /// recovery.
    func withOpenDevice(_ body: (inout ChainState) throws(AuditDeviceError) -> Void) throws(AuditDeviceError) {
        let change: ChainState.Change? = try state.withLock { state throws(AuditDeviceError) in
            if let failure = state.currentFailure(context.clock) { throw failure }
            let before = state.failure
            do throws(AuditDeviceError) {
                try state.openIfNeeded(context)
                try body(&state)
                state.failure = nil
                return before == nil ? nil : .recovered
            } catch {
                state.failed(error, at: context.clock.now())
                if before == nil { log(.failed(error.reason)) }
                throw error
            }
        }
        if let change { log(change) }
    }

    /// Logs a change of the device's state.
    func log(_ change: ChainState.Change) {
        let path: Logger.Metadata = ["device": "\(configuration.path)"]
        switch change {
        case .recovered: context.logger.notice("audit device is recording again", metadata: path)
        case .failed(let reason):
            context.logger.error("audit device failed", metadata: path.merging(["reason": "\(reason)"]) { $1 })
        }
    }

    /// Returns the HMAC of a text as it is written to the device: `hmac-sha256:…`.
    func hash(_ input: String) -> String {
        String(decoding: LineFormatter.hashed(input, with: keys.values).dropFirst().dropLast(), as: UTF8.self)
    }
}
