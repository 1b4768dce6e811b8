import EngineKit
import Outbound
import Syntax

extension ServerConfiguration {
    static let outboundKeys: Set<String> = ["outbound_allowed_addresses", "outbound_denied_addresses"]

    /// Applies the ranges of addresses that configured targets of mounts, such as JWKS URLs, may have in addition, and those
    /// that they may not have.
    mutating func applyOutbound(_ body: HCLBody) throws(HCLError) {
        if let ranges = try body.addressRanges("outbound_allowed_addresses") { outboundAddresses.exceptions = ranges }
        if let ranges = try body.addressRanges("outbound_denied_addresses") { outboundAddresses.denied = ranges }
    }
}

extension HCLBody {
    /// Returns the addresses and ranges of a key, a list or a text with commas, or nil if the key is missing.
    func addressRanges(_ key: String) throws(HCLError) -> [AddressRange]? {
        guard let texts = try strings(key) else { return nil }
        var ranges: [AddressRange] = []
        for text in texts.flatMap({ $0.splitUTF8(at: ",") }) {
            guard let range = AddressRange(text.filter { $0 != " " }) else {
                throw error(key, "must be addresses or ranges such as \"10.0.0.0/8\"")
            }
            ranges.append(range)
        }
        return ranges
    }
}
