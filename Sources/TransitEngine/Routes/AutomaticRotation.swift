import EngineKit
import Logging
import Synchronization

/// Rotates keys whose `auto_rotate_period` has passed. Keys without a period are not read.
final class AutomaticRotation: Sendable {
    private let context: MountContext
    private let next = Mutex(Timestamp(seconds: 0))

    /// The time between two rounds: longer than a round takes, and much shorter than the shortest period.
    private static let secondsBetween = 60

    init(_ context: MountContext) { self.context = context }

    /// Rotates the keys that are due, unless a round was run a moment ago.
    func runRound(of engine: TransitEngine) async {
        let now = context.time.now()
        let isDue = next.withLock { next in
            guard next <= now else { return false }
            next = now.adding(seconds: Self.secondsBetween)
            return true
        }
        if isDue { await rotateDue(of: engine) }
    }

    private func rotateDue(of engine: TransitEngine) async {
        do {
            var last: String?
            while true {
                let page = try await context.storage.list(Listing(prefix: KeyStore.rotatingPrefix, after: last, limit: 1_000))
                for name in page { try await rotateOrWarn(name, of: engine) }
                guard page.count == 1_000 else { return }
                last = page.last
            }
        } catch StorageError.sealed {
            // The server was sealed. The first round after the next unseal continues.
        } catch {
            context.logger.warning("automatic rotation failed; it will be tried again", metadata: ["kind": "\(type(of: error))"])
        }
    }

    /// Rotates a key if it is due. A failure is logged, so that it does not keep other keys from being rotated.
    private func rotateOrWarn(_ name: String, of engine: TransitEngine) async throws {
        do {
            try await rotate(name, of: engine)
        } catch StorageError.sealed {
            throw StorageError.sealed
        } catch {
            context.logger.warning(
                "the automatic rotation of a key failed; it will be tried again",
                metadata: ["mount": "\(context.path)", "key": "\(name)", "kind": "\(type(of: error))"])
        }
    }

    private func rotate(_ name: String, of engine: TransitEngine) async throws {
        let now = context.time.now()
        @Sendable func isDue(_ key: TransitKey) -> Bool { key.nextRotation.map { $0 <= now } ?? false }
        guard let key = try await engine.store.key(name), isDue(key) else { return }
        guard !key.settings.isImported || key.settings.allowsImportedRotation else { return }
        var act = ServerAct(
            id: context.randomness.uuid(), actor: "automatic-rotation", operation: .update, path: "keys/\(name)/rotate")
        try await context.record(act)
        do {
            try await engine.rotated(name, if: isDue)
            act.step = .ended(error: nil)
        } catch {
            act.step = .ended(error: CofferError(wrapping: error).messages.joined(separator: "; "))
            try await context.record(act)
            throw error
        }
        try await context.record(act)
    }
}
