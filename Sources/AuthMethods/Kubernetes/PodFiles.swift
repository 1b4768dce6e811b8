import EngineKit
import Foundation
import Synchronization
import Syntax

/// The service account of the pod that the server runs in: a token, which the cluster replaces about every hour, and the authority of
/// its API.
final class PodFiles: Sendable {
    private let directory: String
    private let time: any TimeSource
    private let state = Mutex<(readAt: Timestamp, token: String?, authority: String?)?>(nil)

    /// The directory that Kubernetes mounts into each pod.
    static let usualDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"
    /// How long a file's content is used before it is read again, in seconds.
    private static let secondsMax = 60
    private static let bytesMax = 64 << 10

    init(directory: String, time: any TimeSource) {
        self.directory = directory
        self.time = time
    }

    /// The token, or nil where there is none.
    var token: String? { contents.token }
    /// The authority as PEM, or nil where there is none.
    var authority: String? { contents.authority }

    private var contents: (token: String?, authority: String?) {
        let now = time.now()
        if let state = state.withLock({ $0 }), now < state.readAt.adding(seconds: Self.secondsMax) {
            return (state.token, state.authority)
        }
        let read = (read("token").map { String($0.trimmingASCIISpace()) }, read("ca.crt"))
        state.withLock { $0 = (now, read.0, read.1) }
        return read
    }

    private func read(_ name: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: "\(directory)/\(name)") else { return nil }
        defer { try? file.close() }
        guard let data = try? file.read(upToCount: Self.bytesMax), !data.isEmpty else { return nil }
        return String(validating: data, as: UTF8.self)
    }
}
