package import SecretMemory
package import Syntax

/// What a verifier outside the server is given.
///
/// A key that verifies can also forge, so the live segment is ended before its key is given out: whoever holds
/// these keys cannot write what comes after, and a later segment pins the end of what they could rewrite.
package struct AuditChainDisclosure: Sendable {
    /// Keys by segment id. Ids that no verifier of this device may have are simply derived: they verify nothing.
    package var segmentKeys: [String: SecretBytes]
    /// The last line before the live segment.
    package var checkpoint: AuditCheckpoint
    /// Begun by this disclosure; its key stays in the server.
    package var liveSegment: String
    /// Of the device whose lines the keys open. Older servers do not say.
    package var accessor: String?
}

extension AuditChainDisclosure {
    /// The answer of the server's endpoint, which `init(json:)` reads in the command line.
    package var json: JSON {
        var keys = JSONObject()
        for (segment, key) in segmentKeys.sorted(by: { $0.key < $1.key }) {
            keys[segment] = .string(key.withBytes { Hex.encode($0) })
        }
        var object: JSONObject = ["keys": .object(keys), "checkpoint": checkpoint.json, "live_segment": .string(liveSegment)]
        if let accessor { object["accessor"] = .string(accessor) }
        return .object(object)
    }

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
