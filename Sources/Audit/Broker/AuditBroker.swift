package import EngineKit
package import Logging

/// The audit trail of an unsealed server. Every request and every answer passes through ``record(_:)``, and an answer is not
/// sent if that throws.
///
/// Calls block for the time of a `write(2)`. A broker is created when the server is unsealed, and closed when it is sealed.
package final class AuditBroker: Sendable {
    /// The devices.
    struct Table: Sendable {
        var chains: [DeviceChain] = []
        /// Devices that are being enabled. No request is recorded on them yet.
        var opening: [DeviceChain] = []
        var isClosed = false
    }

    let keys: AuditKeys
    let context: DeviceChain.Context
    let table = UnfairLock(Table())
    let groups = (0..<groupCount).map { _ in UnfairLock(AuditGroup()) }

    /// Creates a broker without devices.
    package init(
        settings: AuditSettings, keys: AuditKeys, clock: any TimeSource, randomness: any Randomness, logger: Logger
    ) {
        self.keys = keys
        context = .init(settings: settings, clock: clock, randomness: randomness, logger: logger)
    }

    /// Writes the lines of all entries to every device, with one write for each. Does nothing if there are no devices.
    func write(_ entries: [AuditEntry]) throws(AuditError) {
        let chains = try open()
        guard !chains.isEmpty else { return }
        var isRecorded = false
        for chain in chains {
            do throws(AuditDeviceError) {
                try chain.record(entries)
                isRecorded = isRecorded || chain.isRecording
            } catch {}  // The chain has logged it. It is enough that one device has recorded the entries.
        }
        guard isRecorded || !chains.contains(where: \.isRecording) else { throw .notRecorded }
    }

    /// Returns the devices, or throws if the broker is closed.
    func open() throws(AuditError) -> [DeviceChain] {
        let (chains, isClosed) = table.withLock { ($0.chains, $0.isClosed) }
        guard !isClosed else { throw .closed }
        return chains
    }

    /// Returns the device at a path.
    func chain(_ path: String) throws(AuditError) -> DeviceChain {
        guard let chain = try open().first(where: { $0.configuration.path == path }) else { throw .unknownDevice }
        return chain
    }
}
