import EngineKit
import Syntax

/// What the index of an owner knows of a secret: everything but its value.
final class IndexEntry: Sendable {
    /// The secret without its value.
    let secret: UserSecret
    let usage: Usage
    /// What a search looks through, in lower case.
    private let searched: String
    /// About how much memory it takes, in bytes.
    let weight: Int

    init(_ secret: UserSecret, _ usage: Usage) {
        var secret = secret
        secret.sealed.bytes = []
        self.secret = secret
        self.usage = usage
        searched = Self.folded(
            ([secret.name, secret.description ?? "", secret.terms.provider] + secret.tags).joined(separator: "\n"))
        weight = 512 + 2 * searched.utf8.count + secret.versions.count * 160
    }

    /// Returns a text as searches compare it.
    static func folded(_ text: String) -> String { text.lowercased() }

    /// Whether a folded text occurs in the name, the description, the provider or a tag.
    func contains(_ folded: String) -> Bool { searched.containsUTF8(folded) }

    /// Where the secret is in lists: the newest first.
    var position: ListPosition { ListPosition(createdAt: secret.createdAt, id: secret.id) }
}

/// A place in a list whose newest secrets come first.
struct ListPosition: Sendable, Hashable, Comparable {
    var createdAt: Timestamp
    var id: SecretID

    static func < (left: ListPosition, right: ListPosition) -> Bool {
        if left.createdAt != right.createdAt { return left.createdAt > right.createdAt }
        return left.id.text.compareBytes(to: right.id.text) < 0
    }
}

extension ListPosition {
    /// The place as answers have it, to continue behind it.
    var text: String { "\(createdAt.nanoseconds)_\(id)" }

    /// Reads ``text``. Returns nil for anything else.
    init?(_ text: String) {
        guard text.utf8.count <= 60, let (time, id) = text.cutUTF8(at: "_"), let nanoseconds = Int64(time),
            let id = SecretID(String(id))
        else { return nil }
        self.init(createdAt: Timestamp(nanoseconds: nanoseconds), id: id)
    }
}
