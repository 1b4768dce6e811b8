package import SecretMemory
package import Syntax

/// What the server gives to a verifier.
///
/// A key that can verify lines can also forge them, so the live segment is ended before its key is disclosed. Whoever holds the
/// keys cannot write later lines, and the next segment fixes the end of what they could rewrite.
package struct AuditChainDisclosure: Sendable {
    /// The keys by segment id. A key is derived for any id; one that is not of this device's trail verifies nothing.
    package var segmentKeys: [String: SecretBytes]
    /// The last line before the live segment.
    package var checkpoint: AuditCheckpoint
    /// The id of the segment that this disclosure began. Its key is not disclosed.
    package var liveSegment: String
    /// The accessor of the device whose lines the keys verify; nil from older servers.
    package var accessor: String?
}

extension AuditChainDisclosure {
    /// The disclosure as the API returns it and ``init(json:)`` reads it.
    package var json: JSON {
        var keys = JSONObject()
        for (segment, key) in segmentKeys.sorted(by: { $0.key < $1.key }) {
            keys[segment] = .string(key.withBytes { Hex.encode($0) })
        }
        var object: JSONObject = ["keys": .object(keys), "checkpoint": checkpoint.json, "live_segment": .string(liveSegment)]
        if let accessor { object["accessor"] = .string(accessor) }
        return .object(object)
    }

    /// Reads a disclosure. Returns nil if it is malformed.
    package init?(json: JSON) {
        guard let keys = json["keys"]?.objectValue, let live = json["live_segment"]?.stringValue,
            let checkpoint = json["checkpoint"].flatMap(AuditCheckpoint.init(json:))
        else { return nil }
        var segmentKeys: [String: SecretBytes] = [:]
        for member in keys {
            guard let text = member.value.stringValue, let bytes = Hex.decode(text), bytes.count == 32 else { return nil }
            segmentKeys[member.key] = SecretBytes(bytes)
        }
        self.init(
            segmentKeys: segmentKeys, checkpoint: checkpoint, liveSegment: live, accessor: json["accessor"]?.stringValue)
    }
}
