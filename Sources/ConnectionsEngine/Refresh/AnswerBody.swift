import Outbound
import Syntax

/// Parses the body of a provider's token answer by its content. Token endpoints often send the wrong content type, and an
/// answer that cannot be requested a second time must not be discarded for its label.
enum AnswerBody {
    /// The limits of parsing. An answer has at most 64 KiB.
    private static let limits = JSONLimits(depthMax: 64, nodesMax: 40_000, isLenient: true)

    /// Returns the members of the answer. Returns nil if the body is neither a JSON object nor form-encoded.
    static func object(_ reply: OutboundReply) -> JSONObject? {
        (try? JSON(parsing: reply.body, limits: limits))?.objectValue ?? form(reply.body)
    }

    /// Parses `access_token=…&expires_in=…` (RFC 6749, appendix B). If a name is repeated, its first value is used.
    ///
    /// The body may hold only the characters of form-encoded text, so that an HTML page with a `&` in it is not mistaken for
    /// it.
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

    /// Decodes percent escapes and `+`. A `%` that does not begin an escape is kept as it is.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: PercentEncoding.decode(bytes, isForm: true, isStrict: false) ?? [], as: UTF8.self)
    }
}

extension Collection<UInt8> {
    /// The bytes without the spaces, tabs and line breaks at both ends.
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
