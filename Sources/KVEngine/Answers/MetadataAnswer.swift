import EngineKit
import Syntax

/// Writes the metadata of a secret as the API shows it.
struct MetadataAnswer {
    var head: Head

    var data: JSON {
        var output: [UInt8] = []
        output.reserveCapacity(384 + head.customMetadata.count + head.versions.count * 160)
        output.append("{\"cas_required\":")
        output.append(head.needsCheckAndSet ? "true" : "false")
        output.append(",\"created_time\":")
        output.append(quoted: head.created)
        output.append(",\"current_version\":")
        output.append(decimal: head.current)
        output.append(",\"custom_metadata\":")
        output.append(customMetadata: head.customMetadata[...])
        output.append(",\"delete_version_after\":\"")
        output.append(contentsOf: DurationText.text(seconds: head.deleteAfter).utf8)
        output.append("\",\"max_versions\":")
        output.append(decimal: UInt64(head.versionsMax))
        output.append(",\"oldest_version\":")
        output.append(decimal: head.oldest)
        output.append(",\"updated_time\":")
        output.append(quoted: head.updated)
        output.append(",\"versions\":{")
        for (index, version) in head.versions.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            append(version, number: head.first + UInt64(index), to: &output)
        }
        output.append("}}")
        return .raw(output)
    }

    private func append(_ version: Head.Version, number: UInt64, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        output.append(decimal: number)
        output.append("\":{\"created_by\":")
        JSON.encode(version.author, into: &output)
        output.append(",\"created_time\":")
        output.append(quoted: version.created)
        output.append(",\"deletion_time\":")
        output.append(quoted: version.deletion)
        output.append(",\"destroyed\":")
        output.append(version.isDestroyed ? "true" : "false")
        output.append(UInt8(ascii: "}"))
    }
}
