import Syntax

/// The mount that a request went to, made once for many requests.
package final class AuditMount: Sendable {
    /// `audit_non_hmac_request_keys`: top-level members of the request's data that stay clear.
    let clearRequestKeys: [String]
    /// `audit_non_hmac_response_keys`.
    let clearResponseKeys: [String]
    /// The four members as they stand in a line; all clear, so the same on every device.
    let text: [UInt8]

    /// - Parameter mountClass: `secret`, `auth`, …
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
