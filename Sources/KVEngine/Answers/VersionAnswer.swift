import EngineKit
import Syntax

/// One version as the API shows it.
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

    /// The metadata alone, as writes answer.
    var metadata: JSON {
        var output: [UInt8] = []
        output.reserveCapacity(roomForMetadata)
        output.append(version, number: number, customMetadata: customMetadata)
        return .raw(output)
    }

    /// `{"<name>":<content>,"metadata":{…}}`; `content` is JSON text, `null` when empty.
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

    /// A 404 that still says what became of the version.
    func gone(_ name: StaticString) -> CofferError { CofferError(.notFound, data: with(name, [])) }

    private var roomForMetadata: Int { 224 + version.author.utf8.count + customMetadata.count }
}
