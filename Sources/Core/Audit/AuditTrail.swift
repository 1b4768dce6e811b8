import Audit
import EngineKit
import Logging
import Records
import Syntax

/// The server's audit devices: the broker that writes to them, and the stored table of those that are enabled.
final class AuditTrail: Sendable {
    private static let tableKey = "sys/audit"
    private static let checkpointPrefix = "sys/audit-checkpoint/"

    private let broker: AuditBroker
    private let storage: any Storage
    private let randomness: any Randomness
    /// The name of this node; nil without a cluster. Each node has its own files and hash chains.
    private let node: String?
    private let reloads = WriterQueues()
    /// The request headers that are recorded.
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

    /// Opens the enabled devices. A device that cannot be opened does not keep the server sealed; requests are refused while no device works.
    ///
    /// - Parameter unwanted: The paths of devices, such as `file/`, to disable before any is opened: the way to recover a server
    ///   whose devices cannot be opened.
    /// - Returns: The configurations of the devices that were disabled.
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

    /// Opens and closes devices until they match the stored table, which another node may have changed.
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
            try broker.restore(forThisNode(device), known: known.checkpoint, isKnownLost: known.isLost)
        } catch {
            throw CofferError(
                .internal,
                "the stored configuration of the audit device \"\(device.path)\" is not valid: name it in audit_disable_on_start, restart, and enable it again"
            )
        }
    }

    /// Replaces `{{node}}` in the options by this node's name, so that nodes on one machine write different files.
    private func forThisNode(_ device: AuditDeviceConfiguration) -> AuditDeviceConfiguration {
        guard let node else { return device }
        var device = device
        device.options = device.options.mapValues { $0.replacingUTF8("{{node}}", with: node) }
        return device
    }

    private func checkpointKey(_ accessor: String) -> String {
        Self.checkpointPrefix + (node.map { "\(accessor)/\($0)" } ?? accessor)
    }

    /// Writes an entry, and returns when at least one device has it. Throws an error that does not name the devices; see
    /// ``refusal``.
    func record(_ entry: AuditEntry) async throws(CofferError) {
        do throws(AuditError) {
            try await broker.record(entry)
        } catch {
            throw Self.notRecorded
        }
    }

    /// The error for callers that must not learn what this server writes to.
    static let notRecorded = CofferError(
        .internal, "Refused: no audit device could record this request. See the server's log and sys/health for the cause")

    /// The error for authenticated callers, which names the failed devices and their faults.
    var refusal: CofferError {
        let failures = broker.list().filter(\.isRecording).compactMap { device in
            device.failure.map { "audit device \"\(device.configuration.path)\" failed: \($0)" }
        }
        guard !failures.isEmpty else { return Self.notRecorded }
        return CofferError(
            .internal,
            "Refused: \(failures.joined(separator: "; ")). Fix the cause and send SIGHUP, or restart the server if its "
                + "configuration had to change; see \"Recover\" in docs/audit.md")
    }

    /// Whether requests are refused because every device that should record them fails.
    var isBlocked: Bool {
        let devices = broker.recordingDevices()
        return devices.working == 0 && devices.failing > 0
    }

    /// Whether a device fails on this node while another records.
    var isDegraded: Bool {
        let devices = broker.recordingDevices()
        return devices.working > 0 && devices.failing > 0
    }

    /// The faults of devices on this node, by device path. They name files and hosts, so strangers must not see them.
    var failures: [String: String] {
        Dictionary(broker.list().compactMap { device in device.failure.map { (device.configuration.path, $0) } }) { $1 }
    }

    /// Tries to reopen failed devices now instead of at the next request.
    func retryFailed() { broker.retryFailed() }

    /// Returns the configurations of the devices that this node has opened.
    func list() -> [AuditDeviceConfiguration] { broker.list().map(\.configuration) }

    /// Opens a new device and stores it in the table. Throws if the path is in use or the device cannot be opened.
    func enable(_ path: String, type: String, description: String, options: [String: String], isLocal: Bool) async throws {
        let configuration = AuditDeviceConfiguration(
            path: path, type: type, description: description, options: options, isLocal: isLocal, randomness: randomness)
        try Self.checkPath(configuration, among: list())
        do throws(AuditError) {
            try broker.enable(forThisNode(configuration), isNew: true)
        } catch {
            throw CofferError.invalid("\(error)")
        }
        do {
            try await change { devices throws(CofferError) in
                // Another node may have enabled a device at the path meanwhile, and two at one path cannot be told apart.
                try Self.checkPath(configuration, among: devices)
                devices.append(configuration)
            }
        } catch {
            // By accessor, because the path may belong to another node's device by now.
            broker.disable(accessor: configuration.accessor)
            throw error
        }
        // The new device already records, so a failure to read the others is no failure of this request.
        do {
            try await reload()
        } catch {
            logger.error(
                "could not read the table of audit devices again; changes by other nodes are missing until the next change",
                metadata: RepeatedFailures.metadata(of: error))
        }
    }

    /// Throws if one device's path would be the same as another's or below it: `audit-hash/a/b` could then mean either. OpenBao has
    /// the same rule.
    private static func checkPath(
        _ new: AuditDeviceConfiguration, among devices: [AuditDeviceConfiguration]
    ) throws(CofferError) {
        for device in devices where device.path.hasUTF8Prefix(new.path) || new.path.hasUTF8Prefix(device.path) {
            let reason = device.path == new.path ? "" : ": it conflicts with the audit device at \(device.path)"
            throw .invalid("\(AuditError.pathInUse)\(reason)")
        }
    }

    /// Disables a device. Does nothing if there is none at the path. Throws for the last device that works while others are enabled
    /// but fail, because every request would then be refused.
    func disable(_ path: String) async throws {
        guard let device = try await table().devices.first(where: { $0.path == path }) ?? list().first(where: { $0.path == path })
        else { return }
        let others = broker.list().filter { $0.isRecording && $0.configuration.path != path }
        guard others.isEmpty || others.contains(where: { $0.failure == nil }) || failures[path] != nil else {
            throw CofferError.invalid(
                "this is the only audit device that works, and without it every request would be refused; repair or disable the "
                    + "others first")
        }
        try await change { $0.removeAll { $0.path == path } }
        try await reload()
        try await forgetCheckpoints(device)
    }

    private func forgetCheckpoints(_ device: AuditDeviceConfiguration) async throws {
        var batch = Batch()
        batch.delete(checkpointKey(device.accessor))
        for node in try await storage.list(Listing(prefix: Self.checkpointPrefix + device.accessor + "/", limit: 1_000)) {
            batch.delete("\(Self.checkpointPrefix)\(device.accessor)/\(node)")
        }
        try await storage.commit(batch)
    }

    /// Returns the HMAC of a value as a device records it. Throws if there is no device at the path.
    func hash(_ path: String, _ input: String) throws(CofferError) -> String {
        do {
            return try broker.hash(path, input)
        } catch {
            throw .invalid("unknown audit backend: \"\(path)\"")
        }
    }

    /// Returns the keys that verify segments of a device's hash chain.
    func disclose(_ path: String, segments: [String]) throws(CofferError) -> JSON {
        do {
            return try broker.disclose(path, segments: segments).json
        } catch {
            throw .invalid("\(error)")
        }
    }

    /// Reopens the devices' files, for log rotation.
    func reopen() { broker.reopenAll() }

    /// Stores where each hash chain ends, out of reach of whoever can edit the audit files.
    func storeCheckpoints() async throws { try await store(broker.checkpoints()) }

    /// Ends the files and stores their checkpoints. Call it before the barrier is sealed.
    func close() async throws { try await store(broker.close()) }

    /// Closes the devices without storing checkpoints, for an unseal that failed.
    func abandon() { broker.close() }

    private func store(_ checkpoints: [String: AuditCheckpoint]) async throws {
        guard !checkpoints.isEmpty else { return }
        var batch = Batch()
        for (accessor, checkpoint) in checkpoints { batch.put(checkpointKey(accessor), checkpoint.json.encoded()) }
        try await storage.commit(batch)
    }

    /// Returns the stored checkpoint of a device's chain. A damaged one is reported as lost, which the device records, and does not
    /// keep the device from opening.
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
