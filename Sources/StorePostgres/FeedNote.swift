/// What nodes notify each other of. Hints only, for any role of the database may send them: what is so stands in the tables,
/// and a note that is lost costs time only.
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
