import Barrier
import Core
import HTTPShell
import Logging
import StorePostgres

/// What a server logs about itself at start: its version, store and seal, and what an operator
/// still has to do.
struct StartReport {
    let options: ServerOptions
    let configuration: ServerConfiguration
    let logger: Logger

    /// Logs the configuration in use. Called before anything is opened.
    func begin() {
        var metadata: Logger.Metadata = [
            "version": "\(CoreSettings().version)", "node": "\(configuration.ownNodeName)",
            "storage": "\(configuration.storage?.name ?? "none")", "seal": "\(seal)",
        ]
        if case .sqlite(let directory)? = configuration.storage { metadata["storage_path"] = "\(directory)" }
        if case .postgresql(let settings)? = configuration.storage { metadata["storage_table"] = "\(settings.table)" }
        let files = options.configPaths + [options.variablesFile].compactMap(\.self)
        if !files.isEmpty { metadata["configuration"] = "\(files.joined(separator: " "))" }
        if !configuration.apiAddress.isEmpty { metadata["api_addr"] = "\(configuration.apiAddress)" }
        logger.info("Coffer starts", metadata: metadata)
        if let file = options.variablesFile { FilePrivacy.warn(file, holds: "the environment file", logger) }
        for listener in configuration.listeners {
            if let tls = listener.tls { FilePrivacy.warn(tls.keyFile, holds: "the TLS key", logger) }
        }
    }

    private var seal: String {
        guard configuration.dev == nil else { return "shamir" }
        switch configuration.seals.first(where: { !$0.isDisabled })?.mechanism {
        case .static?: return "static"
        case .shamir?: return "shamir"
        case nil: return "shamir, or a key from the environment"
        }
    }

    /// Logs what an operator has to do before the server can answer requests. Called once the store
    /// is open.
    static func tellWhatIsMissing(_ core: Core, _ logger: Logger) async {
        guard core.isSealed, let status = try? await core.seal.status() else { return }
        guard status.isInitialized else {
            logger.notice("not initialized: run `coffer operator init`", metadata: ["seal": "\(status.kind.rawValue)"])
            return
        }
        guard !status.isMigrating else {
            // A configuration that lacks its seal block looks like one that migrates to key shares.
            logger.warning(
                """
                sealed: the store was sealed with another seal than the one that is configured. If that was not meant, put the seal \
                block that the store was sealed with back into the configuration and restart. To change the seal, run \
                `coffer operator seal-migrate`
                """,
                metadata: ["seal_key_id": "\(status.keyID)"])
            return
        }
        guard status.kind.unsealsAutomatically else {
            logger.warning(
                "sealed: run `coffer operator unseal` once for each key share that is needed",
                metadata: ["shares_needed": "\(status.threshold)"])
            return
        }
        logger.warning("sealed: the seal key did not open the store")
    }
}
