import Barrier
import Core
import EngineKit
import Foundation
import Glibc
import Syntax

/// A server configured by a `.env`. Its first start initializes the store, writes the root token to
/// a file that only its owner can read, and enables an audit device.
struct SelfInitializingServer {
    private let store: SelfInitializedStore

    init(_ store: SelfInitializedStore) { self.store = store }

    /// Initializes the store if that has not been done.
    ///
    /// - Returns: The lines to print. The hint about the root token is repeated at every start
    ///   until its file has been moved, because nobody may have read it the first time.
    func prepare(_ core: Core) async throws -> [String] {
        // Needed also if another node initialized the store: each node writes its own audit file.
        try makeAuditDirectory()
        guard try await !core.seal.isInitialized else { return hint }
        // Written first, because a root token that cannot be saved would be lost.
        try claimTokenFile()
        let made: Initialization
        do {
            made = try await core.initialize(
                shares: nil, recoveryShares: try ShareCount(shares: 1, threshold: 1),
                mounts: [.secret()])
            try write(made.rootToken)
            try await enableAudit(core, token: made.rootToken)
        } catch {
            throw (error as? SealError).map { ConfigurationError("\($0)") } ?? error
        }
        return ["==> The store was created. Its root token is in \(store.rootTokenFile)", ""]
    }

    private var hint: [String] {
        var status = stat()
        guard stat(store.rootTokenFile, &status) == 0, status.st_size > 0 else { return [] }
        return ["==> The store's root token is in \(store.rootTokenFile): move it to a safe place", ""]
    }

    private func makeAuditDirectory() throws {
        let directory = URL(fileURLWithPath: store.auditFile).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ConfigurationError("cannot create the folder for the audit file: \(directory)")
        }
    }

    private func claimTokenFile() throws {
        let descriptor = open(store.rootTokenFile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0, fchmod(descriptor, 0o600) == 0 else {
            throw ConfigurationError("the root token's file cannot be written: \(store.rootTokenFile)")
        }
        close(descriptor)
    }

    private func write(_ token: String) throws {
        guard let file = FileHandle(forWritingAtPath: store.rootTokenFile) else {
            throw ConfigurationError("the root token's file cannot be written: \(store.rootTokenFile)")
        }
        try file.write(contentsOf: Data((token + "\n").utf8))
        try file.synchronize()
        try file.close()
    }

    private func enableAudit(_ core: Core, token: String) async throws {
        let body: JSONObject = ["type": "file", "options": ["file_path": .string(store.auditFile)]]
        let answer = await core.handle(
            CoreRequest(
                id: "first-start", operation: .update, path: "sys/audit/file", body: body.encoded(), credentials: .token(token)))
        if case .failure(let error) = answer.outcome {
            throw ConfigurationError("cannot enable the audit device: \(error.messages.joined(separator: "; "))")
        }
    }
}
