import Audit
import EngineKit
import Logging
import Records
import Syntax

/// The audit devices of this server: the broker that writes, and the records that remember what is enabled.
final class AuditTrail: Sendable {
    private static let tableKey = "sys/audit"
    private static let checkpointPrefix = "sys/audit-checkpoint/"

    private let broker: AuditBroker
    private let storage: any Storage
    private let randomness: any Randomness
    /// Of this node, where there are several: each has files and chains of its own.
    private let node: String?
    private let reloads = WriterQueues()
    /// Which headers of a request go on record.
    let headerRules: AuditHeaderRules
    private let logger: Logger

    init(broker: AuditBroker, storage: any Storage, randomness: any Randomness, logger: Logger, node: String? = nil) {
        self.node = node
        self.broker = broker
        self.storage = storage
        self.randomness = randomness
        headerRules = AuditHeaderRules(storage: storage, logger: logger)
        self.logger = logger
    }

    /// Opens the devices that were enabled. One that fails keeps requests from being answered, not the unsealing.
    ///
    /// - Parameter leavingOut: Devices, such as `file/`, that are disabled before any is opened: the way out for a store whose
    ///   devices cannot be opened here. The configurations of those that were.
    func load(leavingOut unwanted: [String] = []) async throws -> [AuditDeviceConfiguration] {
        try await headerRules.load()
        let left = try await table().devices.filter { unwanted.contains($0.path) }
        if !left.isEmpty {
            try await change { $0.removeAll { unwanted.contains($0.path) } }
            for device in left { try await forgetCheckpoints(device) }
        }
        try await reload()
        return left
    }

    /// Opens and ends devices until they are those of the table, which another node may have changed.
    func reload() async throws {
        try await reloads.inTurn(Self.tableKey) {
            let wanted = try await table().devices
            let open = list()
            for device in open where !wanted.contains(where: { $0.accessor == device.accessor }) {
                broker.disable(accessor: device.accessor)
            }
            for device in wanted where !open.contains(where: { $0.accessor == device.accessor }) { try await restore(device) }
        }
    }

    private func restore(_ device: AuditDeviceConfiguration) async throws {
        let known = try await checkpoint(device.accessor)
        do throws(AuditError) {
            try broker.restore(own(device), known: known.checkpoint, isKnownLost: known.isLost)
        } catch {
            throw CofferError(.internal, "an audit device of the stored table cannot be restored")
        }
    }

    /// `{{node}}` in an option is this node's name, so that nodes on one machine write different files.
    private func own(_ device: AuditDeviceConfiguration) -> AuditDeviceConfiguration {
        guard let node else { return device }
        var device = device
        device.options = device.options.mapValues { $0.replacingUTF8("{{node}}", with: node) }
        return device
    }

    private func checkpointKey(_ accessor: String) -> String {
        Self.checkpointPrefix + (node.map { "\(accessor)/\($0)" } ?? accessor)
    }

    /// Returns when the entry's lines are on a device. What is thrown does not say what this server writes to; see ``refusal``.
    func record(_ entry: AuditEntry) async throws(CofferError) {
        do throws(AuditError) {
            try await broker.record(entry)
        } catch {
            throw Self.notRecorded
        }
    }

    /// For callers who need not know what this server writes to.
    static let notRecorded = CofferError(
        .internal, "Refused: no audit device could record this request. The server's log and sys/health have more")

    /// Names the devices and what is wrong with them, for callers that are known.
    var refusal: CofferError {
        let failures = broker.list().filter(\.isRecording).compactMap { device in
            device.failure.map { "audit device \"\(device.configuration.path)\" failed: \($0)" }
        }
        guard !failures.isEmpty else { return Self.notRecorded }
        return CofferError(
            .internal,
            "Refused: \(failures.joined(separator: "; ")). Fix it and send SIGHUP, or restart where the configuration had to "
                + "change; see \"Recover\" in docs/audit.md")
    }

    /// Whether requests are refused because none of the devices works that should record them.
    var isBlocked: Bool {
        let devices = broker.recordingDevices()
        return devices.working == 0 && devices.failing > 0
    }

    /// Whether a device does not work here while others record. Each node opens the devices of the shared table for itself.
    var isDegraded: Bool {
        let devices = broker.recordingDevices()
        return devices.working > 0 && devices.failing > 0
    }

    /// Why devices do not work on this node, by path; names what this server writes to.
    var failures: [String: String] {
        Dictionary(broker.list().compactMap { device in device.failure.map { (device.configuration.path, $0) } }) { $1 }
    }

    /// Retries failed devices, without waiting for a request.
    func retryFailed() { broker.retryFailed() }

    func list() -> [AuditDeviceConfiguration] { broker.list().map(\.configuration) }

    func enable(_ path: String, type: String, description: String, options: [String: String], isLocal: Bool) async throws {
        let configuration = AuditDeviceConfiguration(
            path: path, type: type, description: description, options: options, isLocal: isLocal, randomness: randomness)
        try Self.checkPath(configuration, among: list())
        do throws(AuditError) {
            try broker.enable(own(configuration), isNew: true)
        } catch {
            throw CofferError.invalid("\(error)")
        }
        do {
            try await change { devices throws(CofferError) in
                // Another node may have enabled one meanwhile. Two of a path could be opened by nobody.
                try Self.checkPath(configuration, among: devices)
                devices.append(configuration)
            }
        } catch {
            // Not by its path, at which there may be another node's by now. Its file is as empty again as it was.
            broker.disable(accessor: configuration.accessor)
            throw error
        }
        // The device is in the table and records here, whatever becomes of the others.
        do {
            try await reload()
        } catch {
            logger.error("the audit devices could not be read again", metadata: RepeatedFaults.described(error))
        }
    }

    /// One device's path may not be below another's, as with mounts and in OpenBao: `audit-hash/a/b` could mean either.
    private static func checkPath(
        _ new: AuditDeviceConfiguration, among devices: [AuditDeviceConfiguration]
    ) throws(CofferError) {
        for device in devices where device.path.hasUTF8Prefix(new.path) || new.path.hasUTF8Prefix(device.path) {
            let reason = device.path == new.path ? "" : ": it conflicts with the audit device at \(device.path)"
            throw .invalid("\(AuditError.pathInUse)\(reason)")
        }
    }

    /// Nothing to do for a device that is not there.
    func disable(_ path: String) async throws {
        guard let device = try await table().devices.first(where: { $0.path == path }) ?? list().first(where: { $0.path == path })
        else { return }
        let others = broker.list().filter { $0.isRecording && $0.configuration.path != path }
        guard others.isEmpty || others.contains(where: { $0.failure == nil }) || failures[path] != nil else {
            throw CofferError.invalid(
                "this is the only audit device that works, and without it every request is refused. Mend the others or disable "
                    + "them first")
        }
        try await change { $0.removeAll { $0.path == path } }
        try await reload()
        try await forgetCheckpoints(device)
    }

    private func forgetCheckpoints(_ device: AuditDeviceConfiguration) async throws {
        var batch = Batch()
        batch.delete(checkpointKey(device.accessor))
        for node in try await storage.list(Listing(prefix: Self.checkpointPrefix + device.accessor + "/", limit: 1_000)) {
            batch.append(
                .init(
                    key: "\(Self.checkpointPrefix)\(device.accessor)/\(node)", change: .delete, precondition: .none))
        }
        try await storage.commit(batch)
    }

    func hash(_ path: String, _ input: String) throws(CofferError) -> String {
        do {
            return try broker.hash(path, input)
        } catch {
            throw .invalid("unknown audit backend: \"\(path)\"")
        }
    }

    func disclose(_ path: String, segments: [String]) throws(CofferError) -> JSON {
        do {
            return try broker.disclose(path, segments: segments).json
        } catch {
            throw .invalid("\(error)")
        }
    }

    func reopen() { broker.reopenAll() }

    /// Remembers where each chain ends, where the editor of an audit file cannot reach.
    func storeCheckpoints() async throws { try await store(broker.checkpoints()) }

    /// Ends the files in good order; must come before the barrier forgets its keys.
    func close() async throws { try await store(broker.close()) }

    /// Lets go of the devices without a word to the store, which may be away.
    func abandon() { broker.close() }

    private func store(_ checkpoints: [String: AuditCheckpoint]) async throws {
        guard !checkpoints.isEmpty else { return }
        var batch = Batch()
        for (accessor, checkpoint) in checkpoints { batch.put(checkpointKey(accessor), checkpoint.json.encoded()) }
        try await storage.commit(batch)
    }

    /// A checkpoint that cannot be read keeps nobody out, but is not as if there had been none: the device writes it down.
    private func checkpoint(_ accessor: String) async throws(StorageError) -> (checkpoint: AuditCheckpoint?, isLost: Bool) {
        do {
            guard let record = try await storage.get(checkpointKey(accessor)) else { return (nil, false) }
            let checkpoint = (try? JSON(parsing: record.value)).flatMap(AuditCheckpoint.init(json:))
            return (checkpoint, checkpoint == nil)
        } catch .corrupted {
            return (nil, true)
        }
    }

    private func table() async throws(StorageError) -> (devices: [AuditDeviceConfiguration], precondition: Batch.Precondition) {
        guard let record = try await storage.get(Self.tableKey) else { return ([], .absent) }
        guard let rows = (try? JSON(parsing: record.value))?.arrayValue else { throw .corrupted(key: Self.tableKey) }
        let devices = rows.compactMap(AuditDeviceConfiguration.init(json:))
        guard devices.count == rows.count else { throw .corrupted(key: Self.tableKey) }
        return (devices, .version(record.version))
    }

    private func change(_ body: (inout [AuditDeviceConfiguration]) throws(CofferError) -> Void) async throws {
        try await storage.transact { batch in
            let current = try await table()
            var devices = current.devices
            try body(&devices)
            batch.put(Self.tableKey, JSON.array(devices.map(\.json)).encoded(), if: current.precondition)
        }
    }
}
