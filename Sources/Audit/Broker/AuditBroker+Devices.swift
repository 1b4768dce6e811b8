import EngineKit
import Glibc

extension AuditBroker {
    /// Adds a device and begins its chain; throws when the device cannot be written.
    ///
    /// `known` is the checkpoint in sealed storage, if there is one. `isNew` refuses a file with lines: those of another device,
    /// whose end this one's chain could only record as damage.
    package func enable(
        _ configuration: AuditDeviceConfiguration, known: AuditCheckpoint? = nil, isNew: Bool = false
    ) throws(AuditError) {
        let options = try AuditOptions(type: configuration.type, options: configuration.options)
        let chain = make(configuration, options, known: known, isNew: isNew)
        // Claimed first and opened after, so that two calls for one path do not both open its file.
        try add(chain)
        do throws(AuditDeviceError) {
            try chain.locked { _ in }
        } catch {
            remove(chain)
            throw .unavailable(error.reason)
        }
    }

    /// Adds a stored device at unseal. One that cannot be written now is tried again with every record, so that
    /// a full disk makes requests fail and not the unsealing.
    ///
    /// `isKnownLost` when storage had a checkpoint and it can no longer be read: the device's next lines say so.
    package func restore(
        _ configuration: AuditDeviceConfiguration, known: AuditCheckpoint?, isKnownLost: Bool = false
    ) throws(AuditError) {
        let options = try AuditOptions(type: configuration.type, options: configuration.options)
        let chain = make(configuration, options, known: known, isKnownLost: isKnownLost)
        // What the table has goes before one that is just being enabled here under the same path.
        for other in table.withLock({ $0.chains })
        where other.configuration.path == configuration.path && other.configuration.accessor != configuration.accessor {
            remove(other)
            other.withdraw()
        }
        try add(chain)
        try? chain.locked { _ in }  // Logged there.
    }

    /// Ends the device's file in good order and lets go of it.
    package func disable(_ path: String) throws(AuditError) {
        let chain = try chain(path)
        remove(chain)
        _ = chain.finish()
    }

    /// The same for this very device; one that has taken its path stays. Nothing to do when it is not there. One that has recorded
    /// nothing leaves its file as empty as it found it.
    package func disable(accessor: String) {
        guard let chain = table.withLock({ $0.chains.first { $0.configuration.accessor == accessor } }) else { return }
        remove(chain)
        chain.withdraw()
    }

    package func list() -> [AuditDeviceStatus] {
        table.withLock { $0.chains }.map { chain in
            AuditDeviceStatus(
                configuration: chain.configuration, isRecording: chain.isRecording, failure: chain.state.withLock { $0.failure })
        }
    }

    /// Tries the devices that failed last, each with a line of its own, so that nobody's request has to find out.
    package func retryFailed() {
        for chain in table.withLock({ $0.chains }) where chain.state.withLock({ $0.failure }) != nil { chain.tryAgain() }
    }

    /// What a value looks like in this device's lines: `hmac-sha256:…`.
    package func hash(_ path: String, _ input: String) throws(AuditError) -> String { try chain(path).hash(input) }

    /// After log rotation (SIGHUP): ends every file and goes on in whatever has its name now.
    package func reopenAll() {
        for chain in table.withLock({ $0.chains }) { chain.reopen() }
    }

    /// The ends of all chains by accessor, to be stored under the barrier: often, and at seal.
    package func checkpoints() -> [String: AuditCheckpoint] {
        let now = context.clock.now()
        var result: [String: AuditCheckpoint] = [:]
        for chain in table.withLock({ $0.chains }) {
            result[chain.configuration.accessor] = chain.state.withLock { $0.checkpoint(at: now) }
        }
        return result
    }

    /// Keys for a verifier. Ends the live segment first, see ``AuditChainDisclosure``.
    package func disclose(_ path: String, segments: [String]) throws(AuditError) -> AuditChainDisclosure {
        guard segments.count <= AuditVerifier.segmentsMax else {
            throw .invalidOption(name: "segments", reason: "too many")
        }
        guard segments.allSatisfy({ ChainLine.isHex($0.utf8, count: ChainLine.segmentHexBytes) }) else {
            throw .invalidOption(name: "segments", reason: "not the ids of segments")
        }
        return try chain(path).disclose(segments)
    }

    /// Ends every file and drops the keys. What it returns is the last checkpoint to store; every later call throws
    /// ``AuditError/closed``.
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

    func make(
        _ configuration: AuditDeviceConfiguration, _ options: AuditOptions, device: any AuditDevice, known: AuditCheckpoint?,
        isKnownLost: Bool = false
    ) -> DeviceChain {
        DeviceChain(
            configuration, options: options, device: device, keys: DeviceKeys(keys, accessor: configuration.accessor), known: known,
            isKnownLost: isKnownLost, context: context)
    }

    func add(_ chain: DeviceChain) throws(AuditError) {
        try table.withLock { table throws(AuditError) in
            guard !table.isClosed else { throw .closed }
            guard table.chains.count < context.settings.devicesMax else { throw .tooManyDevices }
            guard !table.chains.contains(where: { $0.configuration.path == chain.configuration.path }) else {
                throw .pathInUse
            }
            table.chains.append(chain)
        }
    }

    private func remove(_ chain: DeviceChain) {
        table.withLock { table in table.chains.removeAll { $0 === chain } }
    }
}
