import EngineKit
import Syntax

/// A secret's project and its path in it.
package struct SecretPlace: Sendable, Hashable {
    var project: String
    /// Without a slash at either end.
    var path: String

    /// As the mount below knows it: `newsbot/prod/api-key`.
    var full: String { project + "/" + path }
    /// As refusals name it.
    var resource: String { "secret:\(project):\(path)" }

    package init(project: String, path: String) {
        self.project = project
        self.path = path
    }

    /// nil when there is no path behind the project.
    init?(full: String) {
        guard let slash = full.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        project = String(full[..<slash])
        path = String(full[full.utf8.index(after: slash)...])
        guard !path.isEmpty else { return nil }
    }

    /// From the encoded path of a request, such as `newsbot/prod/api-key`.
    init(wire: some StringProtocol) throws(ServiceError) {
        let canonical: CanonicalPath
        do throws(CanonicalPath.Refusal) {
            canonical = try CanonicalPath(percentEncoded: String(wire))
        } catch {
            throw ServiceError(400, error.rawValue)
        }
        guard !canonical.isFolder else { throw ServiceError(400, "the path of a secret must not end in '/'") }
        guard let place = SecretPlace(full: canonical.text) else { throw .notFound }
        self = place
    }
}

extension String {
    /// As part of a request's path: only what an encoder must hide is hidden.
    var pathEncoded: String {
        guard utf8.contains(UInt8(ascii: "%")) else { return self }
        return splitUTF8(at: "%", omittingEmpty: false).joined(separator: "%25")
    }
}
