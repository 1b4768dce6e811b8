import Syntax

/// The answer of a KV version 2 mount, `{"data":{"value":…},"metadata":{…}}`, as bytes. The members that this dialect shows
/// are copied unchanged, without parsing and encoding them again.
struct RawSecret {
    private let value: ArraySlice<UInt8>
    private let version: ArraySlice<UInt8>
    private let updatedAt: ArraySlice<UInt8>
    private let updatedBy: ArraySlice<UInt8>

    /// Returns nil if the answer has another form; it is then read as JSON.
    init?(_ bytes: [UInt8]) {
        guard let members = RawMembers(bytes[...]), let stored = members["data"],
            let metadata = members["metadata"].flatMap({ RawMembers($0) }),
            let version = metadata["version"], let updatedAt = metadata["created_time"], let updatedBy = metadata["created_by"]
        else { return nil }
        // A secret that was stored without a `value` is shown as a whole.
        if stored.first == UInt8(ascii: "{") {
            guard let members = RawMembers(stored) else { return nil }
            value = members["value"] ?? stored
        } else {
            value = stored
        }
        self.version = version
        self.updatedAt = updatedAt
        self.updatedBy = updatedBy
    }

    /// Returns the JSON text of ``SecretRecord/shown``.
    func encoded(_ place: SecretPlace) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(128 + 2 * place.full.utf8.count + value.count + updatedAt.count + updatedBy.count)
        output.append("{\"id\":")
        JSON.encode(place.full, into: &output)
        output.append(",\"project\":")
        JSON.encode(place.project, into: &output)
        output.append(",\"path\":")
        JSON.encode(place.path, into: &output)
        for (name, part) in [
            (",\"value\":", value), (",\"version\":", version), (",\"updated_at\":", updatedAt), (",\"updated_by\":", updatedBy),
        ]
            as [(StaticString, ArraySlice<UInt8>)]
        {
            output.append(name)
            output.append(contentsOf: part)
        }
        output.append("}")
        return output
    }
}

/// The members of a well-formed JSON object, as slices of its text.
///
/// Names are compared as they are written, so an object that has escapes in its names is not accepted. Creating it from any
/// other value gives nil.
struct RawMembers {
    private var found: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] = []
    private static let membersMax = 16

    init?(_ text: ArraySlice<UInt8>) {
        var reader = RawReader(text)
        guard reader.take("{") else { return nil }
        if reader.take("}") { return }
        repeat {
            guard found.count < Self.membersMax, let name = reader.string(), !name.contains(UInt8(ascii: "\\")), reader.take(":"),
                let value = reader.value()
            else { return nil }
            found.append((name, value))
        } while reader.take(",")
        guard reader.take("}"), reader.isAtEnd else { return nil }
    }

    subscript(_ name: StaticString) -> ArraySlice<UInt8>? {
        let wanted = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return found.first { $0.name.elementsEqual(wanted) }?.value
    }
}

/// Reads JSON text value by value.
private struct RawReader {
    private let text: ArraySlice<UInt8>
    private var position: Int

    init(_ text: ArraySlice<UInt8>) {
        self.text = text
        position = text.startIndex
    }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == text.endIndex
        }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < text.endIndex, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Reads a string and returns it without its quotes.
    mutating func string() -> ArraySlice<UInt8>? {
        skipSpace()
        guard let value = value(), value.first == UInt8(ascii: "\"") else { return nil }
        return value.dropFirst().dropLast()
    }

    mutating func value() -> ArraySlice<UInt8>? {
        skipSpace()
        let start = position
        var depth = 0
        while position < text.endIndex {
            switch text[position] {
            case UInt8(ascii: "\""):
                guard skipString() else { return nil }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { return slice(start) }
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { return slice(start) }
                position += 1
                continue
            case 0x20, 0x09, 0x0A, 0x0D:
                guard depth > 0 else { return slice(start) }
                position += 1
                continue
            default:
                position += 1
                continue
            }
            if depth == 0 { return slice(start) }
        }
        return depth == 0 ? slice(start) : nil
    }

    private func slice(_ start: Int) -> ArraySlice<UInt8>? { start < position ? text[start..<position] : nil }

    private mutating func skipString() -> Bool {
        position += 1
        while position < text.endIndex {
            switch text[position] {
            case UInt8(ascii: "\""):
                position += 1
                return true
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        return false
    }

    private mutating func skipSpace() {
        while position < text.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) { position += 1 }
    }
}
