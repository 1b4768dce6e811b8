import Hashes
import Crypto
import Syntax

/// The frame that every line has, whatever it records.
///
///     {"seq":17,"seg":"9f86d081884c7d65",<content>,"prev":"<64 hex>","mac":"<64 hex>"}
///
/// `mac` is HMAC-SHA256 under the segment's key of the line's bytes before `,"mac":"`.
struct ChainLine {
    static let macHexBytes = 64
    static let segmentHexBytes = 16
    /// A longer line is not ours. Records are kept far below it.
    static let bytesMax = 64 << 20
    static let zeroMAC = [UInt8](repeating: UInt8(ascii: "0"), count: macHexBytes)

    /// More than a line has besides its content.
    private static let frameBytesMax = 256

    private static let beforeSequence: StaticString = "{\"seq\":"
    private static let beforeSegment: StaticString = ",\"seg\":\""
    private static let afterSegment: StaticString = "\","
    private static let beforePrevious: StaticString = ",\"prev\":\""
    private static let beforeMAC: StaticString = "\",\"mac\":\""
    private static let end: StaticString = "\"}"

    let sequence: UInt64
    let segment: String
    /// Between the segment id and `prev`; the record itself.
    let content: UnsafeRawBufferPointer
    let previous: UnsafeRawBufferPointer
    /// What the MAC is made of.
    let sealed: UnsafeRawBufferPointer
    let mac: UnsafeRawBufferPointer

    /// The line without its newline, or nil when it has not exactly this frame. The pointer must outlive the value.
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
        // The quote that ends `prev` is sealed too.
        sealed = Self.slice(line, 0..<position + 1)
        guard Self.take(Self.beforeMAC, in: line, at: &position) else { return nil }
        guard let mac = Self.hex(in: line, at: &position, count: Self.macHexBytes) else { return nil }
        guard Self.take(Self.end, in: line, at: &position), position == line.count else { return nil }
        self.sequence = sequence
        self.segment = String(decoding: segment, as: UTF8.self)
        self.previous = previous
        self.mac = mac
    }

    /// The segment id of a line of which only the beginning is at hand; nil when no line of ours begins so.
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

    /// Appends a whole line with its newline, and puts its MAC in the place of the one before it.
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

    func isSealed(by key: KeyedHash) -> Bool {
        // Verifying tells nobody anything about the MAC it does not already see, so an ordinary comparison will do.
        var expected: [UInt8] = []
        key.appendHex(of: sealed, to: &expected)
        return mac.elementsEqual(expected)
    }

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
    /// What the frame's rules depend on.
    enum Kind { case record, segment, repair, interruption, end }

    /// A segment's header that says there are lines before it in the same file.
    var continuesThisFile: Bool {
        ["\"start\":\"continued\"", "\"start\":\"rolled\""].contains { content.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    /// Of a segment's header, the device that wrote it.
    var deviceAccessor: String? {
        guard kind == .segment else { return nil }
        let mark = Array(",\"accessor\":\"".utf8)
        guard let start = content.firstRange(of: mark)?.upperBound else { return nil }
        return String(decoding: content[start...].prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }

    /// Read from where the writer always puts it: after the time, whose width is fixed. Meant for lines whose MAC is good.
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
