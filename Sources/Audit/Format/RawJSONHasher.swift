import Hashes
import SecretMemory
import Syntax

/// Copies JSON text and replaces each leaf by its HMAC, in one pass and without building a value.
///
/// The text should be valid JSON already. If it is not, the result is `false`, and the caller writes a single HMAC of the whole
/// text.
struct RawJSONHasher {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let clearKeys: [String]
    private let elidesLists: Bool
    private var position = 0

    private static let depthMax = 128

    /// Creates a hasher for JSON text.
    ///
    /// - Parameter clearKeys: The names of top-level members that are copied in clear.
    /// - Parameter elidesLists: Whether the top-level members `keys` and `key_info` are replaced by the number of their
    ///   elements.
    init(bytes: UnsafeBufferPointer<UInt8>, clearKeys: [String], elidesLists: Bool) {
        self.bytes = bytes
        self.clearKeys = clearKeys
        self.elidesLists = elidesLists
    }

    /// Copies the whole text into the formatter. Returns false if it is not JSON, too deep or too long.
    ///
    /// - Parameter depth: The depth of the text within the record's data, since listed keys are written in clear only at the
    ///   top.
    mutating func copyDocument(into formatter: inout LineFormatter, depth: Int) -> Bool {
        guard copyValue(into: &formatter, depth: depth, isClear: false) else { return false }
        skipSpace()
        return position == bytes.count
    }

    /// Copies one value.
    private mutating func copyValue(into formatter: inout LineFormatter, depth: Int, isClear: Bool) -> Bool {
        skipSpace()
        guard position < bytes.count, depth <= Self.depthMax, !formatter.isOverlong else { return false }
        switch bytes[position] {
        case UInt8(ascii: "{"): return copyObject(into: &formatter, depth: depth, isClear: isClear)
        case UInt8(ascii: "["): return copyArray(into: &formatter, depth: depth, isClear: isClear)
        case UInt8(ascii: "\""):
            guard let (text, isEscaped) = readString() else { return false }
            if isClear {
                formatter.appendQuoted(text)
            } else if isEscaped {
                return formatter.appendHMAC(unescaping: text)
            } else {
                formatter.appendHMAC(of: UnsafeRawBufferPointer(text))
            }
        default: return copyWord(into: &formatter, isClear: isClear)
        }
        return true
    }

    private mutating func copyObject(into formatter: inout LineFormatter, depth: Int, isClear: Bool) -> Bool {
        position += 1
        formatter.output.append(UInt8(ascii: "{"))
        if skip(UInt8(ascii: "}")) {
            formatter.output.append(UInt8(ascii: "}"))
            return true
        }
        repeat {
            skipSpace()
            guard let (key, _) = readString(), skip(UInt8(ascii: ":")) else { return false }
            formatter.appendQuoted(key)
            formatter.output.append(UInt8(ascii: ":"))
            if depth == 1, let count = elidedCount(key) {
                formatter.output.append(decimal: count)
            } else {
                let listed = depth == 1 && clearKeys.contains { key.elementsEqual($0.utf8) }
                guard copyValue(into: &formatter, depth: depth + 1, isClear: isClear || listed) else { return false }
            }
            guard position < bytes.count else { return false }
            formatter.output.append(UInt8(ascii: ","))
        } while skip(UInt8(ascii: ","))
        formatter.output[formatter.output.count - 1] = UInt8(ascii: "}")
        return skip(UInt8(ascii: "}"))
    }

    private mutating func copyArray(into formatter: inout LineFormatter, depth: Int, isClear: Bool) -> Bool {
        position += 1
        formatter.output.append(UInt8(ascii: "["))
        if skip(UInt8(ascii: "]")) {
            formatter.output.append(UInt8(ascii: "]"))
            return true
        }
        repeat {
            guard copyValue(into: &formatter, depth: depth + 1, isClear: isClear) else { return false }
            formatter.output.append(UInt8(ascii: ","))
        } while skip(UInt8(ascii: ","))
        formatter.output[formatter.output.count - 1] = UInt8(ascii: "]")
        return skip(UInt8(ascii: "]"))
    }

    /// Skips the list of names that follows if it is to be elided, and returns the number of names. Returns nil if the value is
    /// to be copied.
    private mutating func elidedCount(_ key: UnsafeBufferPointer<UInt8>) -> Int? {
        skipSpace()
        guard elidesLists, position < bytes.count else { return nil }
        let isList = key.elementsEqual("keys".utf8) && bytes[position] == UInt8(ascii: "[")
        let isInfo = key.elementsEqual("key_info".utf8) && bytes[position] == UInt8(ascii: "{")
        guard isList || isInfo else { return nil }
        let start = position
        let count = skipCounting()
        if count == nil { position = start }
        return count
    }

    /// Skips an array or object and returns the number of its elements.
    private mutating func skipCounting() -> Int? {
        var (commas, level, isEmpty) = (0, 0, true)
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                isEmpty = false
                guard readString() != nil else { return nil }
                continue
            }
            position += 1
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if level > 0 { isEmpty = false }
                level += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                level -= 1
                if level == 0 { return isEmpty ? 0 : commas + 1 }
            case UInt8(ascii: ","): if level == 1 { commas += 1 }
            case 0x20, 0x0A, 0x0D, 0x09: break
            default: isEmpty = false
            }
        }
        return nil
    }

    /// Copies a number, `true`, `false` or `null`.
    private mutating func copyWord(into formatter: inout LineFormatter, isClear: Bool) -> Bool {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            guard byte.isASCIIDigit || byte.isASCIILowercase || "+-.E".utf8.contains(byte) else { break }
            position += 1
        }
        let text = UnsafeBufferPointer(rebasing: bytes[start..<position])
        guard let first = text.first else { return false }
        switch first {
        case UInt8(ascii: "n"):
            guard text.elementsEqual("null".utf8) else { return false }
            formatter.output.append("null" as StaticString)
            return true
        case UInt8(ascii: "t"): guard text.elementsEqual("true".utf8) else { return false }
        case UInt8(ascii: "f"): guard text.elementsEqual("false".utf8) else { return false }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): break  // text: a number
        default: return false
        }
        if isClear {
            // A malformed number in clear would make the line invalid JSON.
            guard first == UInt8(ascii: "t") || first == UInt8(ascii: "f") || Double(String(decoding: text, as: UTF8.self)) != nil
            else { return false }
            formatter.output.append(contentsOf: text)
        } else {
            formatter.appendHMAC(of: UnsafeRawBufferPointer(text))
        }
        return true
    }

    /// Returns what is between the quotes of a string, with its escapes.
    private mutating func readString() -> (UnsafeBufferPointer<UInt8>, isEscaped: Bool)? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return nil }
        position += 1
        let start = position
        var isEscaped = false
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return (UnsafeBufferPointer(rebasing: bytes[start..<position - 1]), isEscaped)
            case UInt8(ascii: "\\"):
                guard position + 1 < bytes.count, bytes[position + 1] >= 0x20 else { return nil }
                isEscaped = true
                position += 2
            case 0..<0x20: return nil
            default: position += 1
            }
        }
        return nil
    }

    /// Skips a byte, preceded by white space, if it comes next.
    private mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private mutating func skipSpace() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }
}

extension LineFormatter {
    /// Appends a JSON string whose escapes are already in place.
    mutating func appendQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        output.append(UInt8(ascii: "\""))
        output.append(contentsOf: text)
        output.append(UInt8(ascii: "\""))
    }

    /// Appends the HMAC of a string whose escapes are decoded first. Returns false if an escape is malformed.
    mutating func appendHMAC(unescaping text: UnsafeBufferPointer<UInt8>) -> Bool {
        defer {
            zero(&scratch)
            scratch.removeAll(keepingCapacity: scratch.capacity <= 64 << 10)
        }
        guard JSONEscape.append(decoding: text, to: &scratch) else { return false }
        let hash = hash
        output.append("\"hmac-sha256:" as StaticString)
        scratch.withUnsafeBytes { hash.appendHex(of: $0, to: &output) }
        output.append(UInt8(ascii: "\""))
        return true
    }
}
