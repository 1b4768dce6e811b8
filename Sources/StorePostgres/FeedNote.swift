import Syntax

/// What nodes notify each other of. The records say the same: a note that is lost costs time only.
enum FeedNote: Sendable, Hashable {
    case change(Int64, String)
    case seen(Int64, String)

    var text: String {
        switch self {
        case .change(let sequence, let node): "c \(sequence) \(node)"
        case .seen(let sequence, let node): "s \(sequence) \(node)"
        }
    }

    init?(_ text: String) {
        let words = text.splitUTF8(at: " ")
        guard words.count == 3, let sequence = Int64(words[1]) else { return nil }
        switch words[0] {
        case "c": self = .change(sequence, String(words[2]))
        case "s": self = .seen(sequence, String(words[2]))
        default: return nil
        }
    }
}
