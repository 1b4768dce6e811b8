package import EngineKit
package import Logging

/// The audit trail of an unsealed server: every request and every answer goes through ``gather(_:)`` before it
/// leaves, and does not leave when that throws.
///
/// Calls block for the time of a `write(2)`. Made at unseal, closed at seal.
package final class AuditBroker: Sendable {
    struct Table: Sendable {
        var chains: [DeviceChain] = []
        var isClosed = false
    }

    let keys: AuditKeys
    let context: DeviceChain.Context
    let table = UnfairLock(Table())
    let groups = (0..<groupCount).map { _ in UnfairLock(AuditGroup()) }

    package init(
        settings: AuditSettings, keys: AuditKeys, clock: any TimeSource, randomness: any Randomness, logger: Logger
    ) {
        self.keys = keys
        context = .init(settings: settings, clock: clock, randomness: randomness, logger: logger)
    }

    /// All lines with one write. Without devices there is nothing to do.
    func write(_ entries: [AuditEntry]) throws(AuditError) {
        let chains = try open()
        guard !chains.isEmpty else { return }
        var isRecorded = false
        for chain in chains {
            do throws(AuditDeviceError) {
                try chain.record(entries)
                isRecorded = isRecorded || chain.isRecording
            } catch {}  // The chain has logged it; what counts is whether another one did record.
        }
        guard isRecorded || !chains.contains(where: \.isRecording) else { throw .notRecorded }
    }

    func open() throws(AuditError) -> [DeviceChain] {
        let (chains, isClosed) = table.withLock { ($0.chains, $0.isClosed) }
        guard !isClosed else { throw .closed }
        return chains
    }

    func chain(_ path: String) throws(AuditError) -> DeviceChain {
        guard let chain = try open().first(where: { $0.configuration.path == path }) else { throw .unknownDevice }
        return chain
    }
}
