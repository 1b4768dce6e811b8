import EngineKit
import Syntax

/// Short strings that callers keep about a secret and all its versions. They are not secret.
enum CustomMetadata {
    static let keysMax = 64
    static let keyBytesMax = 128
    static let valueBytesMax = 512

    /// Returns the text to store, which is empty if there are no keys.
    static func text(_ object: JSONObject) throws(CofferError) -> [UInt8] {
        let object = try strings(object)
        try check(object)
        return object.isEmpty ? [] : object.encoded()
    }

    /// Returns the stored text with a merge patch applied.
    static func text(_ stored: [UInt8], patchedWith patch: JSONObject, key: String) throws -> [UInt8] {
        var plain = JSONObject()
        if !stored.isEmpty {
            guard let object = try? JSON(parsing: stored).objectValue else { throw StorageError.corrupted(key: key) }
            plain = object
        }
        // Null removes a key and is not a value.
        let sent = try strings(JSONObject(patch.members.filter { !$0.value.isNull }))
        let removed = patch.members.filter(\.value.isNull)
        try check(sent)
        let merged = MergePatch.apply(JSONObject(sent.members + removed), to: plain)
        try check(merged)
        return merged.isEmpty ? [] : merged.encoded()
    }

    private static func strings(_ object: JSONObject) throws(CofferError) -> JSONObject {
        var result: [JSONObject.Member] = []
        result.reserveCapacity(object.count)
        for member in object {
            let text: String
            switch member.value {
            case .string(let value), .number(let value): text = value
            case .bool(let value): text = value ? "1" : "0"
            case .null: text = ""
            default: throw refusal("every value must be a string")
            }
            result.append(.init(key: member.key, value: .string(text)))
        }
        return JSONObject(result)
    }

    /// Throws an error that lists all faults by the names of the keys.
    private static func check(_ object: JSONObject) throws(CofferError) {
        guard object.count <= keysMax else {
            throw refusal("payload must contain at most \(keysMax) keys, provided \(object.count)")
        }
        var messages: [String] = []
        for member in object {
            let (key, value) = (member.key, member.value.stringValue ?? "")
            guard (1...keyBytesMax).contains(key.utf8.count) else {
                messages.append("length of a key is \(key.utf8.count) but must be 0 < len(key) <= \(keyBytesMax)")
                continue
            }
            guard isPrintable(key) else {
                messages.append("a key contains unprintable characters")
                continue
            }
            if !(1...valueBytesMax).contains(value.utf8.count) {
                messages.append(
                    "length of value for key \"\(key)\" is \(value.utf8.count) but must be 0 < len(value) <= \(valueBytesMax)")
            }
            if !isPrintable(value) { messages.append("value for key \"\(key)\" contains unprintable characters") }
        }
        guard messages.isEmpty else {
            var error = CofferError(.invalidRequest)
            error.messages = messages.map { prefix + $0 }
            throw error
        }
    }

    private static let prefix = "custom_metadata validation failed: "
    private static func refusal(_ text: String) -> CofferError { .invalid(prefix + text) }

    private static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            if scalar == " " { return true }
            return switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator:
                false
            default: true
            }
        }
    }
}
