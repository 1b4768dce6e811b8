import EngineKit
import Syntax

/// The project and the path of a secret.
package struct SecretPlace: Sendable, Hashable {
    var project: String
    /// The path within the project, without a slash at either end.
    var path: String

    /// The path within the mount, such as `newsbot/prod/api-key`.
    var full: String { project + "/" + path }
    /// The name of the secret in messages.
    var resource: String { "secret:\(project):\(path)" }

    /// Creates a place from a project and a path.
    package init(project: String, path: String) {
        self.project = project
        self.path = path
    }

    /// Returns nil if there is no path after the project.
    init?(full: String) {
        guard let slash = full.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        project = String(full[..<slash])
        path = String(full[full.utf8.index(after: slash)...])
        guard !path.isEmpty else { return nil }
    }

    /// Decodes the path of a request, such as `newsbot/prod/api-key`.
    init(wire: some StringProtocol) throws(ServiceError) {
        let canonical = try CanonicalPath(wire: wire)
        guard !canonical.isFolder else { throw ServiceError(400, "the path of a secret must not end in '/'") }
        guard let place = SecretPlace(full: canonical.text) else { throw .notFound }
        self = place
    }
}

extension CanonicalPath {
    /// Decodes a part of the path of a request.
    init(wire: some StringProtocol) throws(ServiceError) {
        do throws(Refusal) { self = try CanonicalPath(percentEncoded: String(wire)) } catch {
            throw ServiceError(400, error.rawValue)
        }
    }
}

extension String {
    /// The path as part of the path of a request. Only characters that must be encoded are.
    var pathEncoded: String {
        guard utf8.contains(UInt8(ascii: "%")) else { return self }
        return splitUTF8(at: "%", omittingEmpty: false).joined(separator: "%25")
    }
}
