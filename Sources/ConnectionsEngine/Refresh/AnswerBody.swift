import Outbound
import Syntax

/// The members of a provider's answer, by its content: labels of token endpoints are wrong too often to be believed, and
/// what cannot be asked for again is not thrown away for a label.
enum AnswerBody {
    /// The body of an answer holds at most 64 KiB, so these bound nothing more.
    private static let limits = JSONLimits(depthMax: 64, nodesMax: 40_000, isLenient: true)

    /// nil when it is neither a JSON object nor form text.
    static func object(_ reply: OutboundReply) -> JSONObject? {
        (try? JSON(parsing: reply.body, limits: limits))?.objectValue ?? form(reply.body)
    }

    /// `access_token=…&expires_in=…` (RFC 6749, appendix B). Of a repeated name the first one counts.
    ///
    /// Nothing but what such a text may consist of: a page that has a `&` in it is none.
    static func form(_ body: [UInt8]) -> JSONObject? {
        let text = body.trimmed
        let isForm = !text.isEmpty && text.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>\"{}\\^`".utf8.contains($0) }
        guard isForm, text.contains(UInt8(ascii: "=")) else { return nil }
        var object = JSONObject()
        for part in text.split(separator: UInt8(ascii: "&")).prefix(1_000) {
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = decoded(pair[0])
            if object[name] == nil { object[name] = .string(pair.count > 1 ? decoded(pair[1]) : "") }
        }
        return object
    }

    /// What is no escape stands for itself.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        var output: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(Hex.value),
                let low = rest.dropFirst().first.flatMap(Hex.value)
            {
                output.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                output.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}

extension Collection<UInt8> {
    /// Without spaces and line ends around it.
    var trimmed: SubSequence {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let front = drop(while: isBlank)
        var end = front.endIndex
        while end != front.startIndex {
            let before = front.index(front.startIndex, offsetBy: front.distance(from: front.startIndex, to: end) - 1)
            guard isBlank(front[before]) else { break }
            end = before
        }
        return front[..<end]
    }
}
