/// A notification between nodes. It is only a hint, because any role of the database may send one:
/// the tables have the truth, and a lost notification costs only time.
enum FeedNote: Sendable, Hashable {
    /// A node has committed the change with this number.
    case change(Int64, String)
    /// A node has read all changes up to this number.
    case seen(Int64, String)

    var text: String {
        switch self {
        case .change(let sequence, let node): "c \(sequence) \(node)"
        case .seen(let sequence, let node): "s \(sequence) \(node)"
        }
    }

    /// Returns nil for a text that ``text`` never returns.
    init?(_ text: String) {
        let words = Array(text.utf8).split(separator: UInt8(ascii: " "))
        guard words.count == 3, let sequence = Int64(String(decoding: words[1], as: UTF8.self)) else { return nil }
        let node = String(decoding: words[2], as: UTF8.self)
        switch Array(words[0]) {
        case [UInt8(ascii: "c")]: self = .change(sequence, node)
        case [UInt8(ascii: "s")]: self = .seen(sequence, node)
        default: return nil
        }
    }
}
