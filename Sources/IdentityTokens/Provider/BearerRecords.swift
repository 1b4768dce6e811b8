import Crypto
import EngineKit
import Records
import Syntax

/// Records that end soon, each under the hash of a random text that its holder has: codes and access tokens.
struct BearerRecords<Value: Record>: Sendable {
    let table: RecordTable<Value>
    let folders: ShortLived
    /// What the texts begin with.
    private let mark: String
    private let randomness: any Randomness

    /// - Parameters:
    ///   - prefix: The folder of the records. Ends with `/`.
    ///   - mark: What the texts begin with, so that tools that look for leaked secrets know them.
    init(storage: any Storage, prefix: String, mark: String, randomness: any Randomness) {
        table = RecordTable(storage: storage, prefix: prefix)
        folders = ShortLived(storage: storage, prefix: prefix)
        self.mark = mark
        self.randomness = randomness
    }

    /// A text for a new record, and where the record is.
    struct New: Sendable {
        var text: String
        var folder: String
        var name: String
    }

    /// Returns the text and the name of a record that ends at a time.
    ///
    /// - Parameter entity: The id of the entity that it is of.
    func make(endingAt seconds: Int, of entity: String) -> New {
        let made = ShortLivedText(endingAt: seconds, ownerHash: Self.hash(entity), randomness: randomness)
        return New(text: mark + made.text, folder: made.folder, name: Self.name(of: made))
    }

    /// Returns the name of the record of a text, or nil for a text that ``make(endingAt:of:)`` never returns.
    func name(of text: String) -> String? { text.removingUTF8Prefix(mark).flatMap { ShortLivedText($0) }.map(Self.name) }

    private static func name(of text: ShortLivedText) -> String { text.folder + hash(text.secret) }

    private static func hash(_ text: String) -> String { Hex.encode(SHA256.hash(data: Array(text.utf8))) }
}
