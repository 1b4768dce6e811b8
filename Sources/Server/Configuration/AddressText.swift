import EngineKit

/// For the command line, so that it takes the same addresses as the server.
package enum AddressText {
    package static func isAddressOrRange(_ text: String) -> Bool { AddressRange(text) != nil }
}
