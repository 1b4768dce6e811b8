import EngineKit
import Syntax

/// Writes one version of a secret as the API shows it.
struct VersionAnswer {
    var number: UInt64
    var version: Head.Version
    var customMetadata: ArraySlice<UInt8>

    init(number: UInt64, version: Head.Version, customMetadata: ArraySlice<UInt8>) {
        self.number = number
        self.version = version
        self.customMetadata = customMetadata
    }

    init(newestOf head: Head, _ version: Head.Version) {
        self.init(number: head.current, version: version, customMetadata: head.customMetadata[...])
    }

    /// The metadata alone, which is the answer to a write.
    var metadata: JSON {
        var output: [UInt8] = []
        output.reserveCapacity(roomForMetadata)
        output.append(version, number: number, customMetadata: customMetadata)
        return .raw(output)
    }

    /// Returns `{"<name>":<content>,"metadata":{…}}`. The content is JSON text; `null` is written if it is empty.
    func with(_ name: StaticString, _ content: ArraySlice<UInt8>) -> JSON {
        var output: [UInt8] = []
        output.reserveCapacity(content.count + roomForMetadata + 32)
        output.append("{\"")
        output.append(name)
        output.append("\":")
        if content.isEmpty { output.append("null") } else { output.append(contentsOf: content) }
        output.append(",\"metadata\":")
        output.append(version, number: number, customMetadata: customMetadata)
        output.append(UInt8(ascii: "}"))
        return .raw(output)
    }

    /// Returns a 404 with the metadata, which says when the version was deleted or destroyed.
    func gone(_ name: StaticString) -> CofferError { CofferError(.notFound, data: with(name, [])) }

    private var roomForMetadata: Int { 224 + version.author.utf8.count + customMetadata.count }
}
