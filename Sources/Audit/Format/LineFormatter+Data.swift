import SecretMemory
import Syntax

extension LineFormatter {
    private static let depthMax = 128

    /// The `data` member: names stay, every leaf becomes its HMAC.
    mutating func data(_ value: JSON, clearKeys: [String], elidesLists: Bool) {
        output.append(",\"data\":" as StaticString)
        let start = output.count
        let isWhole =
            switch value {
            case .object(let object): members(of: object, clearKeys: clearKeys, elidesLists: elidesLists)
            default: leaf(value, depth: 1, clearKeys: clearKeys, elidesLists: elidesLists)
            }
        guard !isWhole || output.count - start > Self.dataBytesMax else { return }
        output.removeSubrange(start...)
        var encoded = value.encoded()
        encoded.withUnsafeBytes { hashed($0) }
        zero(&encoded)
        output.append(",\"data_elided\":true" as StaticString)
    }

    private mutating func members(of object: JSONObject, clearKeys: [String], elidesLists: Bool) -> Bool {
        output.append(UInt8(ascii: "{"))
        for (index, member) in object.members.enumerated() {
            if index > 0 { comma() }
            clear(member.key)
            output.append(UInt8(ascii: ":"))
            if elidesLists, let count = Self.elidedCount(member) {
                output.append(decimal: count)
            } else if clearKeys.contains(member.key) {
                guard unhashed(member.value) else { return false }
            } else {
                guard leaf(member.value, depth: 2) else { return false }
            }
        }
        output.append(UInt8(ascii: "}"))
        return true
    }

    /// As Vault's `elide_list_responses`: the number of names in place of the names.
    private static func elidedCount(_ member: JSONObject.Member) -> Int? {
        switch (member.key, member.value) {
        case ("keys", .array(let values)): values.count
        case ("key_info", .object(let object)): object.count
        default: nil
        }
    }

    /// False when the value is too deep, or raw bytes turn out not to be JSON.
    private mutating func leaf(_ value: JSON, depth: Int, clearKeys: [String] = [], elidesLists: Bool = false) -> Bool {
        guard depth <= Self.depthMax, !isOverlong else { return false }
        switch value {
        case .null: output.append("null" as StaticString)
        case .bool(let value): hashed(value)
        case .number(let text), .string(let text): hashed(text)
        case .raw(let bytes):
            return bytes.withUnsafeBufferPointer { buffer in
                var walk = RawWalk(bytes: buffer, clearKeys: clearKeys, elidesLists: elidesLists)
                return walk.document(into: &self, depth: depth)
            }
        case .array(let values):
            output.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { comma() }
                guard leaf(value, depth: depth + 1) else { return false }
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { comma() }
                clear(member.key)
                output.append(UInt8(ascii: ":"))
                guard leaf(member.value, depth: depth + 1) else { return false }
            }
            output.append(UInt8(ascii: "}"))
        }
        return true
    }

    /// A listed member as it is. Raw text is read again, for a newline in it would break the line.
    private mutating func unhashed(_ value: JSON) -> Bool {
        guard case .raw = value else {
            guard !Self.holdsRaw(value) else { return leaf(value, depth: 2) }
            value.encode(into: &output)
            return true
        }
        guard let parsed = try? value.parsed() else { return false }
        parsed.encode(into: &output)
        return true
    }

    private static func holdsRaw(_ value: JSON) -> Bool {
        switch value {
        case .raw: true
        case .array(let values): values.contains(where: holdsRaw)
        case .object(let object): object.contains { holdsRaw($0.value) }
        default: false
        }
    }
}
