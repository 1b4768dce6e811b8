import Syntax

/// The mount of a request, created once for many requests.
package final class AuditMount: Sendable {
    /// The names of top-level members of the request's data that are written in clear (`audit_non_hmac_request_keys`).
    let clearRequestKeys: [String]
    /// The same for the response's data (`audit_non_hmac_response_keys`).
    let clearResponseKeys: [String]
    /// The four members of a line that describe the mount. They are all in clear, and therefore the same on every device.
    let text: [UInt8]

    /// Creates the description of a mount.
    ///
    /// - Parameter mountClass: The class of the mount, such as `secret` or `auth`.
    package init(
        path: String, type: String, accessor: String, mountClass: String, clearRequestKeys: [String] = [],
        clearResponseKeys: [String] = []
    ) {
        self.clearRequestKeys = clearRequestKeys
        self.clearResponseKeys = clearResponseKeys
        var text: [UInt8] = []
        for (name, value) in [
            (",\"mount_point\":" as StaticString, path), (",\"mount_type\":", type), (",\"mount_accessor\":", accessor),
            (",\"mount_class\":", mountClass),
        ] {
            text.append(name)
            JSON.encode(value, into: &text)
        }
        self.text = text
    }
}
