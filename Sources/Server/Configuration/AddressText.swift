import EngineKit

/// Checks addresses for the command line, which must accept what the server accepts.
package enum AddressText {
    /// Returns whether `text` is an IP address, or a range of them in CIDR notation such as
    /// `10.0.0.0/8`.
    package static func isAddressOrRange(_ text: String) -> Bool { AddressRange(text) != nil }
}
