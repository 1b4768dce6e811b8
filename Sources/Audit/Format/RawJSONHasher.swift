import Hashes
import SecretMemory
import Syntax

/// Goes once over JSON text and writes it again with an HMAC for every leaf, building nothing.
///
/// The text should be valid already. Where it is not, `false` comes back and the caller hashes the whole.
struct RawWalk {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let clearKeys: [String]
    private let elidesLists: Bool
    private var position = 0

    private static let depthMax = 128

    init(bytes: UnsafeBufferPointer<UInt8>, clearKeys: [String], elidesLists: Bool) {
        self.bytes = bytes
        self.clearKeys = clearKeys
        self.elidesLists = elidesLists
    }

    /// `depth` is where the text stands in its document; listed names count only at the top.
    mutating func document(into formatter: inout LineFormatter, depth: Int) -> Bool {
        guard value(into: &formatter, depth: depth, isClear: false) else { return false }
        skipSpace()
        return position == bytes.count
    }

    private mutating func value(into formatter: inout LineFormatter, depth: Int, isClear: Bool) -> Bool {
        skipSpace()
        guard position < bytes.count, depth <= Self.depthMax, !formatter.isOverlong else { return false }
        switch bytes[position] {
        case UInt8(ascii: "{"): return object(into: &formatter, depth: depth, isClear: isClear)
        case UInt8(ascii: "["): return array(into: &formatter, depth: depth, isClear: isClear)
        case UInt8(ascii: "\""):
            guard let (text, isEscaped) = string() else { return false }
            if isClear {
                formatter.quoted(text)
            } else if isEscaped {
                return formatter.hashedUnescaping(text)
            } else {
                formatter.hashed(UnsafeRawBufferPointer(text))
            }
        default: return word(into: &formatter, isClear: isClear)
        }
        return true
    }

    private mutating func object(into formatter: inout LineFormatter, depth: Int, isClear: Bool) -> Bool {
        position += 1
        formatter.output.append(UInt8(ascii: "{"))
        if take(UInt8(ascii: "}")) {
            formatter.output.append(UInt8(ascii: "}"))
            return true
        }
        repeat {
            skipSpace()
            guard let (key, _) = string(), take(UInt8(ascii: ":")) else { return false }
            formatter.quoted(key)
            formatter.output.append(UInt8(ascii: ":"))
            if depth == 1, let count = elidedCount(key) {
                formatter.output.append(decimal: count)
            } else {
                let listed = depth == 1 && clearKeys.contains { key.elementsEqual($0.utf8) }
                guard value(into: &formatter, depth: depth + 1, isClear: isClear || listed) else { return false }
            }
            guard position < bytes.count else { return false }
            formatter.output.append(UInt8(ascii: ","))
        } while take(UInt8(ascii: ","))
        formatter.output[formatter.output.count - 1] = UInt8(ascii: "}")
        return take(UInt8(ascii: "}"))
    }

    private mutating func array(into formatter: inout LineFormatter, depth: Int, isClear: Bool) -> Bool {
        position += 1
        formatter.output.append(UInt8(ascii: "["))
        if take(UInt8(ascii: "]")) {
            formatter.output.append(UInt8(ascii: "]"))
            return true
        }
        repeat {
            guard value(into: &formatter, depth: depth + 1, isClear: isClear) else { return false }
            formatter.output.append(UInt8(ascii: ","))
        } while take(UInt8(ascii: ","))
        formatter.output[formatter.output.count - 1] = UInt8(ascii: "]")
        return take(UInt8(ascii: "]"))
    }

    /// How many names stand in the list that follows, which is then passed over; nil when it is to be written.
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

    /// Passes over an array or object and counts its elements.
    private mutating func skipCounting() -> Int? {
        var (commas, level, isEmpty) = (0, 0, true)
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                isEmpty = false
                guard string() != nil else { return nil }
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

    /// A number, `true`, `false` or `null`.
    private mutating func word(into formatter: inout LineFormatter, isClear: Bool) -> Bool {
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
            // A number that is none would spoil the line, so listed ones must look like one.
            guard first == UInt8(ascii: "t") || first == UInt8(ascii: "f") || Double(String(decoding: text, as: UTF8.self)) != nil
            else { return false }
            formatter.output.append(contentsOf: text)
        } else {
            formatter.hashed(UnsafeRawBufferPointer(text))
        }
        return true
    }

    /// What is between the quotes, escapes as they stand.
    private mutating func string() -> (UnsafeBufferPointer<UInt8>, isEscaped: Bool)? {
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

    private mutating func take(_ byte: UInt8) -> Bool {
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
    /// Text that is already escaped.
    mutating func quoted(_ text: UnsafeBufferPointer<UInt8>) {
        output.append(UInt8(ascii: "\""))
        output.append(contentsOf: text)
        output.append(UInt8(ascii: "\""))
    }

    /// The HMAC of what an escaped string stands for. False when an escape is malformed.
    mutating func hashedUnescaping(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        defer {
            zero(&scratch)
            scratch.removeAll(keepingCapacity: scratch.capacity <= 64 << 10)
        }
        guard JSONUnescape.append(text, to: &scratch) else { return false }
        let hash = hash
        output.append("\"hmac-sha256:" as StaticString)
        scratch.withUnsafeBytes { hash.appendHex(of: $0, to: &output) }
        output.append(UInt8(ascii: "\""))
        return true
    }
}
