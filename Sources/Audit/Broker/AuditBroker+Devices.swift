import EngineKit
import Glibc

extension AuditBroker {
    /// Adds a device and begins its chain.
    ///
    /// - Parameter known: The device's checkpoint in sealed storage, if there is one.
    /// - Parameter isNew: Whether to refuse a file that already has lines. They would be another device's, and this device's
    ///   chain could only record them as damage.
    /// - Throws: ``AuditError/unavailable(_:)`` if the device cannot be written.
    package func enable(
        _ configuration: AuditDeviceConfiguration, known: AuditCheckpoint? = nil, isNew: Bool = false
    ) throws(AuditError) {
        let options = try AuditOptions(type: configuration.type, options: configuration.options)
        let chain = make(configuration, options, known: known, isNew: isNew)
        // Reserved before it is opened, so that two calls for one path do not both open its file. Requests are recorded on it only
        // when it works: until then they would be refused where it is the first device.
        try reserve(chain)
        defer { table.withLock { table in table.opening.removeAll { $0 === chain } } }
        do throws(AuditDeviceError) {
            try chain.withOpenDevice { _ in }
        } catch {
            throw .unavailable(error.reason)
        }
        let isAdded = table.withLock { table in
            guard !table.isClosed else { return false }
            table.chains.append(chain)
            return true
        }
        guard isAdded else {
            chain.discard()
            throw .closed
        }
    }

    /// Adds a stored device when the server is unsealed. A device that cannot be written now is tried again with every record,
    /// so that a full disk makes requests fail but not the unsealing.
    ///
    /// - Parameter known: The device's checkpoint in sealed storage, if there is one.
    /// - Parameter isKnownLost: Whether there was a checkpoint that can no longer be read. The device's next lines then say so.
    package func restore(
        _ configuration: AuditDeviceConfiguration, known: AuditCheckpoint?, isKnownLost: Bool = false
    ) throws(AuditError) {
        let options = try AuditOptions(type: configuration.type, options: configuration.options)
        let chain = make(configuration, options, known: known, isKnownLost: isKnownLost)
        // The stored device takes precedence over one that is being enabled here under the same path.
        for other in table.withLock({ $0.chains })
        where other.configuration.path == configuration.path && other.configuration.accessor != configuration.accessor {
            remove(other)
            other.discard()
        }
        try add(chain)
        try? chain.withOpenDevice { _ in }  // `withOpenDevice` has logged it.
    }

    /// Ends the file of the device at a path and closes the device.
    package func disable(_ path: String) throws(AuditError) {
        let chain = try chain(path)
        remove(chain)
        _ = chain.finish()
    }

    /// Closes the device with this accessor, if there is one. Another device at the same path stays. If the device has recorded
    /// nothing, its file is left as empty as it was.
    package func disable(accessor: String) {
        guard let chain = table.withLock({ $0.chains.first { $0.configuration.accessor == accessor } }) else { return }
        remove(chain)
        chain.discard()
    }

    /// Returns the devices and their state, without waiting for a device that is being written.
    package func list() -> [AuditDeviceStatus] {
        table.withLock { $0.chains }.map { chain in
            AuditDeviceStatus(configuration: chain.configuration, isRecording: chain.isRecording, failure: chain.health.failure)
        }
    }

    /// Returns how many of the devices that record work and how many fail, without waiting for a device that is being written.
    package func recordingDevices() -> (working: Int, failing: Int) {
        var (working, failing) = (0, 0)
        for chain in table.withLock({ $0.chains }) where chain.isRecording {
            if chain.health.isFailing { failing += 1 } else { working += 1 }
        }
        return (working, failing)
    }

    /// Tries the devices whose last write failed, each with one line, so that no request has to.
    package func retryFailed() {
        for chain in table.withLock({ $0.chains }) where chain.health.isFailing { chain.probe() }
    }

    /// Returns the form that a value has in the lines of the device at a path: `hmac-sha256:…`.
    package func hash(_ path: String, _ input: String) throws(AuditError) -> String { try chain(path).hash(input) }

    /// Ends every file and continues in the file that has its name now, after log rotation (SIGHUP). Devices that failed are tried.
    package func reopenAll() {
        for chain in table.withLock({ $0.chains }) { chain.reopen() }
        retryFailed()
    }

    /// Returns the ends of all chains by accessor, to be stored behind the barrier regularly and when the server is sealed.
    package func checkpoints() -> [String: AuditCheckpoint] {
        let now = context.clock.now()
        var result: [String: AuditCheckpoint] = [:]
        for chain in table.withLock({ $0.chains }) {
            result[chain.configuration.accessor] = chain.state.withLock { $0.checkpoint(at: now) }
        }
        return result
    }

    /// Ends the live segment and returns keys for a verifier. See ``AuditChainDisclosure``.
    package func disclose(_ path: String, segments: [String]) throws(AuditError) -> AuditChainDisclosure {
        guard segments.count <= AuditVerifier.segmentsMax else {
            throw .invalidOption(name: "segments", reason: "may name at most \(AuditVerifier.segmentsMax) segments")
        }
        guard segments.allSatisfy({ ChainLine.isHex($0.utf8, count: ChainLine.segmentHexBytes) }) else {
            throw .invalidOption(name: "segments", reason: "must be ids of segments, each of 16 hex digits")
        }
        return try chain(path).disclose(segments)
    }

    /// Ends every file and erases the keys. Every later call throws ``AuditError/closed``.
    ///
    /// - Returns: The last checkpoints, to be stored.
    @discardableResult
    package func close() -> [String: AuditCheckpoint] {
        let chains = table.withLock { table in
            defer { table = Table(chains: [], isClosed: true) }
            return table.chains
        }
        var result: [String: AuditCheckpoint] = [:]
        for chain in chains { result[chain.configuration.accessor] = chain.finish() }
        return result
    }

    private func make(
        _ configuration: AuditDeviceConfiguration, _ options: AuditOptions, known: AuditCheckpoint?, isKnownLost: Bool = false,
        isNew: Bool = false
    ) -> DeviceChain {
        let settings = context.settings
        let device: any AuditDevice =
            switch options.target {
            case .file(let path):
                FileDevice(
                    path: path, mode: options.mode, allowedDirectories: settings.allowedDirectories, mustBeEmpty: isNew)
            case .standardOutput:
                StreamDevice(descriptor: STDOUT_FILENO, name: "stdout", timeoutMilliseconds: settings.streamTimeoutMilliseconds)
            case .discard: DiscardDevice()
            case .socket(let target): SocketDevice(target, timeoutMilliseconds: options.writeTimeoutMilliseconds)
            case .syslog(let paths, let facility, let tag):
                SyslogDevice(
                    paths: paths, facility: facility, tag: tag, clock: context.clock,
                    timeoutMilliseconds: Int(settings.streamTimeoutMilliseconds))
            }
        return make(configuration, options, device: device, known: known, isKnownLost: isKnownLost)
    }

    /// Creates the chain of a device.
    func make(
        _ configuration: AuditDeviceConfiguration, _ options: AuditOptions, device: any AuditDevice, known: AuditCheckpoint?,
        isKnownLost: Bool = false
    ) -> DeviceChain {
        DeviceChain(
            configuration, options: options, device: device, keys: DeviceKeys(keys, accessor: configuration.accessor), known: known,
            isKnownLost: isKnownLost, context: context)
    }

    /// Adds a chain, unless its path is in use or there are too many devices.
    func add(_ chain: DeviceChain) throws(AuditError) {
        try table.withLock { table throws(AuditError) in
            try check(chain, in: table)
            table.chains.append(chain)
        }
    }

    /// Keeps the path of a chain that is about to be opened, unless it is in use or there are too many devices.
    private func reserve(_ chain: DeviceChain) throws(AuditError) {
        try table.withLock { table throws(AuditError) in
            try check(chain, in: table)
            table.opening.append(chain)
        }
    }

    private func check(_ chain: DeviceChain, in table: Table) throws(AuditError) {
        let taken = table.chains + table.opening
        guard !table.isClosed else { throw .closed }
        guard taken.count < context.settings.devicesMax else { throw .tooManyDevices }
        guard !taken.contains(where: { $0.configuration.path == chain.configuration.path }) else { throw .pathInUse }
    }

    private func remove(_ chain: DeviceChain) {
        table.withLock { table in table.chains.removeAll { $0 === chain } }
    }
}
