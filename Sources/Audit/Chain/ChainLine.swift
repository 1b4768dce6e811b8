import Hashes
import Crypto
import Syntax

/// A line of an audit file. Every line has this frame, whatever it records:
///
/// {"seq":17,"seg":"9f86d081884c7d65",<content>,"prev":"<64 hex>","mac":"<64 hex>"}
///
/// `mac` is the HMAC-SHA256, with the key of the segment, of the bytes before `,"mac":"`.
struct ChainLine {
    /// The length of a MAC in hex.
    static let macHexBytes = 64
    /// The length of a segment id in hex.
    static let segmentHexBytes = 16
    /// The longest line that a verifier accepts. The lines that are written are far shorter.
    static let bytesMax = 64 << 20
    /// The `prev` of the first line of a chain.
    static let zeroMAC = [UInt8](repeating: UInt8(ascii: "0"), count: macHexBytes)

    /// More bytes than the frame adds to the content.
    private static let frameBytesMax = 256

    private static let beforeSequence: StaticString = "{\"seq\":"
    private static let beforeSegment: StaticString = ",\"seg\":\""
    private static let afterSegment: StaticString = "\","
    private static let beforePrevious: StaticString = ",\"prev\":\""
    private static let beforeMAC: StaticString = "\",\"mac\":\""
    private static let end: StaticString = "\"}"

    let sequence: UInt64
    let segment: String
    /// The record: what is between the segment id and `prev`.
    let content: UnsafeRawBufferPointer
    /// The MAC of the previous line.
    let previous: UnsafeRawBufferPointer
    /// The bytes that the MAC authenticates.
    let sealed: UnsafeRawBufferPointer
    let mac: UnsafeRawBufferPointer

    /// Parses a line without its newline. Returns nil if it does not have exactly this frame. The pointer must outlive the
    /// value.
    init?(_ line: UnsafeRawBufferPointer) {
        var position = 0
        guard Self.take(Self.beforeSequence, in: line, at: &position) else { return nil }
        guard let sequence = Self.number(in: line, at: &position) else { return nil }
        guard Self.take(Self.beforeSegment, in: line, at: &position) else { return nil }
        guard let segment = Self.hex(in: line, at: &position, count: Self.segmentHexBytes) else { return nil }
        guard Self.take(Self.afterSegment, in: line, at: &position) else { return nil }
        let contentStart = position
        let trailer =
            Self.beforePrevious.utf8CodeUnitCount + Self.macHexBytes + Self.beforeMAC.utf8CodeUnitCount + Self.macHexBytes
            + Self.end.utf8CodeUnitCount
        guard line.count - trailer > contentStart else { return nil }
        position = line.count - trailer
        content = Self.slice(line, contentStart..<position)
        guard Self.take(Self.beforePrevious, in: line, at: &position) else { return nil }
        guard let previous = Self.hex(in: line, at: &position, count: Self.macHexBytes) else { return nil }
        // The quote at the end of `prev` is authenticated too.
        sealed = Self.slice(line, 0..<position + 1)
        guard Self.take(Self.beforeMAC, in: line, at: &position) else { return nil }
        guard let mac = Self.hex(in: line, at: &position, count: Self.macHexBytes) else { return nil }
        guard Self.take(Self.end, in: line, at: &position), position == line.count else { return nil }
        self.sequence = sequence
        self.segment = String(decoding: segment, as: UTF8.self)
        self.previous = previous
        self.mac = mac
    }

    /// Returns the segment id of a line of which only the beginning is available, or nil if it is not the beginning of an audit
    /// line.
    static func segment(ofLineThatBegins head: [UInt8]) -> String? {
        head.withUnsafeBytes { head in
            var position = 0
            guard take(beforeSequence, in: head, at: &position), number(in: head, at: &position) != nil,
                take(beforeSegment, in: head, at: &position),
                let segment = hex(in: head, at: &position, count: segmentHexBytes)
            else { return nil }
            return String(decoding: segment, as: UTF8.self)
        }
    }

    /// Appends a line with its newline to `output`, and replaces `mac`, the MAC of the previous line, by that of the new one.
    static func append(
        _ content: UnsafeRawBufferPointer, sequence: UInt64, segment: String, mac: inout [UInt8], key: KeyedHash,
        to output: inout [UInt8]
    ) {
        let start = output.count
        output.reserveRoom(content.count + frameBytesMax)
        output.append(beforeSequence)
        output.append(decimal: sequence)
        output.append(beforeSegment)
        output.append(contentsOf: segment.utf8)
        output.append(afterSegment)
        output.append(contentsOf: content)
        output.append(beforePrevious)
        output.append(contentsOf: mac)
        output.append(UInt8(ascii: "\""))
        if mac.count != macHexBytes { mac = zeroMAC }
        output.withUnsafeBytes { output in
            key.withCode(of: UnsafeRawBufferPointer(rebasing: output[start...])) { code in
                mac.withUnsafeMutableBytes { Hex.write(code, to: $0) }
            }
        }
        output.append(",\"mac\":\"" as StaticString)
        output.append(contentsOf: mac)
        output.append(end)
        output.append(UInt8(ascii: "\n"))
    }

    /// Whether the line's MAC is valid.
    func isSealed(by key: KeyedHash) -> Bool {
        // The comparison need not take constant time: whoever can verify a line sees its MAC anyway.
        var expected: [UInt8] = []
        key.appendHex(of: sealed, to: &expected)
        return mac.elementsEqual(expected)
    }

    /// Whether the text is a number of lower-case hex digits.
    static func isHex(_ text: some Collection<UInt8>, count: Int) -> Bool {
        text.count == count && text.allSatisfy(\.isLowercaseHexDigit)
    }

    private static func take(_ text: StaticString, in line: UnsafeRawBufferPointer, at position: inout Int) -> Bool {
        guard line.count - position >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount where line[position + index] != text.utf8Start[index] { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    private static func number(in line: UnsafeRawBufferPointer, at position: inout Int) -> UInt64? {
        var value: UInt64 = 0
        let start = position
        while position < line.count, position - start < 19, line[position].isASCIIDigit {
            value = value * 10 + UInt64(line[position] - 0x30)  // 19 digits cannot overflow.
            position += 1
        }
        return position > start && line[start] != 0x30 ? value : nil
    }

    private static func hex(in line: UnsafeRawBufferPointer, at position: inout Int, count: Int) -> UnsafeRawBufferPointer? {
        guard line.count - position >= count else { return nil }
        let text = slice(line, position..<position + count)
        guard isHex(text, count: count) else { return nil }
        position += count
        return text
    }

    private static func slice(_ line: UnsafeRawBufferPointer, _ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: line[range])
    }
}

extension ChainLine {
    /// The kinds of lines that the frame's rules distinguish.
    enum Kind { case record, segment, repair, interruption, end }

    /// Whether this is the header of a segment that follows other lines of the same file.
    var continuesThisFile: Bool {
        ["\"start\":\"continued\"", "\"start\":\"rolled\""].contains { content.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    /// The accessor of the device that wrote the line, if it is the header of a segment.
    var deviceAccessor: String? {
        guard kind == .segment else { return nil }
        let mark = Array(",\"accessor\":\"".utf8)
        guard let start = content.firstRange(of: mark)?.upperBound else { return nil }
        return String(decoding: content[start...].prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }

    /// The kind of line, read from where the writer always puts it: after the time, whose width is fixed. Reliable only if the
    /// MAC is valid.
    var kind: Kind {
        let prefix = "\"time\":\"0000-00-00T00:00:00.000000000Z\",\"type\":\"".utf8.count
        guard content.count > prefix else { return .record }
        let name = content[prefix...].prefix { $0 != UInt8(ascii: "\"") }
        return switch String(decoding: name, as: UTF8.self) {
        case "segment": .segment
        case "repair": .repair
        case "break": .interruption
        case "end": .end
        default: .record
        }
    }
}
