import EngineKit
import Syntax

/// Writing answers as JSON text. Stored JSON is copied, which is faster than parsing and encoding it.
extension [UInt8] {
    /// Appends text that needs no escaping.
    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a number.
    mutating func append(decimal value: UInt64) {
        guard value >= 10 else {
            append(UInt8(ascii: "0") + UInt8(value))
            return
        }
        let start = count
        var rest = value
        while rest > 0 {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        self[start...].reverse()
    }

    /// Appends a time as a string, which is empty for nil.
    mutating func append(quoted time: Timestamp?) {
        append(UInt8(ascii: "\""))
        time?.encode(into: &self)
        append(UInt8(ascii: "\""))
    }

    /// Appends `{"created_by":…,"created_time":…,"custom_metadata":…,"deletion_time":…,"destroyed":…,"version":…}`.
    mutating func append(_ version: Head.Version, number: UInt64, customMetadata: ArraySlice<UInt8>) {
        append("{\"created_by\":")
        JSON.encode(version.author, into: &self)
        append(",\"created_time\":")
        append(quoted: version.created)
        append(",\"custom_metadata\":")
        append(customMetadata: customMetadata)
        append(",\"deletion_time\":")
        append(quoted: version.deletion)
        append(",\"destroyed\":")
        append(version.isDestroyed ? "true" : "false")
        append(",\"version\":")
        append(decimal: number)
        append(UInt8(ascii: "}"))
    }

    /// Appends the stored object, or null if it is empty.
    mutating func append(customMetadata: ArraySlice<UInt8>) {
        if customMetadata.isEmpty { append("null") } else { append(contentsOf: customMetadata) }
    }
}
