import SecretMemory
import Syntax

extension LineFormatter {
    /// The depth of data. Deeper data is written as a single HMAC.
    private static let depthMax = 128

    /// Appends the `data` member: names are kept, and each leaf is replaced by its HMAC. Data that is too large, too deep or
    /// malformed is written as a single HMAC.
    mutating func appendData(_ value: JSON, clearKeys: [String], elidesLists: Bool) {
        output.append(",\"data\":" as StaticString)
        let start = output.count
        let isWhole =
            switch value {
            case .object(let object): appendMembers(of: object, clearKeys: clearKeys, elidesLists: elidesLists)
            default: appendValue(value, depth: 1, clearKeys: clearKeys, elidesLists: elidesLists)
            }
        guard !isWhole || output.count - start > Self.dataBytesMax else { return }
        output.removeSubrange(start...)
        var encoded = value.encoded()
        encoded.withUnsafeBytes { appendHMAC(of: $0) }
        zero(&encoded)
        output.append(",\"data_elided\":true" as StaticString)
    }

    /// Appends the top-level members. Returns false if one of them cannot be written.
    private mutating func appendMembers(of object: JSONObject, clearKeys: [String], elidesLists: Bool) -> Bool {
        output.append(UInt8(ascii: "{"))
        for (index, member) in object.members.enumerated() {
            if index > 0 { appendComma() }
            appendText(member.key)
            output.append(UInt8(ascii: ":"))
            if elidesLists, let count = Self.elidedCount(member) {
                output.append(decimal: count)
            } else if clearKeys.contains(member.key) {
                guard appendUnhashed(member.value) else { return false }
            } else {
                guard appendValue(member.value, depth: 2) else { return false }
            }
        }
        output.append(UInt8(ascii: "}"))
        return true
    }

    /// Returns the number of names that replaces a list of them, as with Vault's `elide_list_responses`, or nil for any other
    /// member.
    private static func elidedCount(_ member: JSONObject.Member) -> Int? {
        switch (member.key, member.value) {
        case ("keys", .array(let values)): values.count
        case ("key_info", .object(let object)): object.count
        default: nil
        }
    }

    /// Appends a value with HMACs for its leaves. Returns false if it is too deep, or raw bytes are not JSON.
    private mutating func appendValue(_ value: JSON, depth: Int, clearKeys: [String] = [], elidesLists: Bool = false) -> Bool {
        guard depth <= Self.depthMax, !isOverlong else { return false }
        switch value {
        case .null: output.append("null" as StaticString)
        case .bool(let value): appendHMAC(of: value)
        case .number(let text), .string(let text): appendHMAC(of: text)
        case .raw(let bytes):
            return bytes.withUnsafeBufferPointer { buffer in
                var hasher = RawJSONHasher(bytes: buffer, clearKeys: clearKeys, elidesLists: elidesLists)
                return hasher.copyDocument(into: &self, depth: depth)
            }
        case .array(let values):
            output.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { appendComma() }
                guard appendValue(value, depth: depth + 1) else { return false }
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { appendComma() }
                appendText(member.key)
                output.append(UInt8(ascii: ":"))
                guard appendValue(member.value, depth: depth + 1) else { return false }
            }
            output.append(UInt8(ascii: "}"))
        }
        return true
    }

    /// Appends the value of a member that is written in clear. Raw text is parsed and encoded again, since a newline in it
    /// would end the line.
    private mutating func appendUnhashed(_ value: JSON) -> Bool {
        guard case .raw = value else {
            guard !Self.holdsRaw(value) else { return appendValue(value, depth: 2) }
            value.encode(into: &output)
            return true
        }
        guard let parsed = try? value.parsed() else { return false }
        parsed.encode(into: &output)
        return true
    }

    /// Whether raw text is anywhere in the value.
    private static func holdsRaw(_ value: JSON) -> Bool {
        switch value {
        case .raw: true
        case .array(let values): values.contains(where: holdsRaw)
        case .object(let object): object.contains { holdsRaw($0.value) }
        default: false
        }
    }
}
