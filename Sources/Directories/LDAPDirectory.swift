import EngineKit

/// Directories that libldap speaks to. Each session has a connection of its own, because a bind changes whose session it is.
package final class LDAPDirectory: Directory {
    /// The threads of all directories of the process. They are not those of databases, so that neither waits for the other.
    private static let threads = BoundedThreads(threadsMax: 64, queueMax: 512)
    private static let waitSecondsMax = 30

    /// The sessions at the same time, so that a directory that hangs leaves threads for others.
    private let gate = Gate(widthMax: 16, waitingMax: 256)
    private let isAllowed: @Sendable (_ address: String) -> Bool

    /// Creates a directory for one mount.
    ///
    /// - Parameter isAllowed: Judges the addresses of servers, in numeric form.
    package init(isAllowed: @escaping @Sendable (_ address: String) -> Bool) {
        self.isAllowed = isAllowed
    }

    package func mayCall(_ server: DirectoryServer) -> Bool { !server.isAddress || isAllowed(server.host) }

    package func withSession<Value: Sendable>(
        _ target: DirectoryTarget, _ body: @escaping @Sendable (any DirectorySession) throws(DirectoryError) -> Value
    ) async throws(DirectoryError) -> Value {
        let asked = ContinuousClock.now
        guard await gate.enter() else { throw .busy }
        defer { gate.leave() }
        guard asked.duration(to: .now) < .seconds(Self.waitSecondsMax) else { throw .busy }
        let line = DirectoryLine()
        let secondsMax = target.connectSecondsMax * target.servers.count + target.requestSecondsMax
        let watch = Task {
            guard (try? await Task.sleep(for: .seconds(secondsMax))) != nil else { return }
            line.cut()
        }
        defer { watch.cancel() }
        let isAllowed = isAllowed
        let result: Result<Value, DirectoryError> = await withCheckedContinuation { continuation in
            let outcome = Self.threads.add {
                do throws(DirectoryError) {
                    let session = try Self.session(with: target, over: line, isAllowed: isAllowed)
                    defer {
                        session.close()
                        line.release()
                    }
                    continuation.resume(returning: .success(try body(session)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if outcome != .taken { continuation.resume(returning: .failure(.busy)) }
        }
        return try result.get()
    }

    /// Returns a session with the first server that can be reached.
    private static func session(
        with target: DirectoryTarget, over line: DirectoryLine, isAllowed: (String) -> Bool
    ) throws(DirectoryError) -> LDAPSession {
        var failure = DirectoryError.invalid("the directory has no server")
        for server in target.servers where !line.isCut {
            do throws(DirectoryError) {
                let descriptor = try line.connect(to: server, secondsMax: target.connectSecondsMax, isAllowed: isAllowed)
                return try LDAPSession(descriptor, server, target: target)
            } catch {
                failure = error
            }
        }
        throw failure
    }
}
