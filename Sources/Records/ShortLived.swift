package import EngineKit
import Syntax

/// The folders of records that end soon: one for each minute in which records end, and in it one for each owner.
///
/// So ended records are found without reading them, and the records of one owner can be counted, so that it cannot fill the store.
package struct ShortLived: Sendable {
    private let storage: any Storage
    private let prefix: String

    /// Ended records that one commit removes.
    private static let batchMax = 1_000
    /// Folders of minutes that one call of ``sweep(at:commitsMax:alongside:)`` looks at.
    private static let foldersMax = 64

    /// Creates the folders below a folder.
    ///
    /// - Parameter prefix: The folder that contains them. Ends with `/`.
    package init(storage: any Storage, prefix: String) {
        self.storage = storage
        self.prefix = prefix
    }

    /// Returns the folder of an owner's records that end at a time, relative to the prefix, with its final `/`.
    ///
    /// - Parameters:
    ///   - seconds: The end, in seconds since 1970.
    ///   - owner: A name of the owner without `/`.
    package static func folder(endingAt seconds: Int, of owner: String) -> String { "\(max(0, seconds) / 60 + 1)/\(owner)/" }

    /// Returns whether an owner may have one more record in a folder.
    ///
    /// - Parameters:
    ///   - folder: What ``folder(endingAt:of:)`` returned.
    ///   - perOwnerMax: The most records of an owner that end in the same minute.
    ///   - ownersMax: The most owners whose records end in the same minute, which is looked at for an owner's first; nil for any
    ///     number.
    package func hasRoom(in folder: String, perOwnerMax: Int, ownersMax: Int? = nil) async throws(StorageError) -> Bool {
        let own = try await storage.list(Listing(prefix: prefix + folder, limit: perOwnerMax))
        guard own.count < perOwnerMax else { return false }
        guard own.isEmpty, let ownersMax, let minute = folder.splitUTF8(at: "/").first else { return true }
        return try await storage.list(Listing(prefix: "\(prefix)\(minute)/", limit: ownersMax)).count < ownersMax
    }

    /// Deletes a bounded number of ended records.
    ///
    /// - Parameters:
    ///   - now: The time, in seconds since 1970.
    ///   - commitsMax: The most commits, each of which deletes up to 1,000 records.
    ///   - alongside: Returns the key of what is deleted with a record, given the record's last name; nil for nothing.
    package func sweep(
        at now: Int, commitsMax: Int = 64, alongside: (_ name: Substring) -> String? = { _ in nil }
    ) async throws(StorageError) {
        var commitsLeft = commitsMax
        // The oldest minutes come first as long as they have the same number of digits, which they have until the year 2160.
        for minute in try await storage.list(Listing(prefix: prefix, limit: Self.foldersMax)) {
            guard let ended = Int(minute.removingUTF8Suffix("/") ?? minute[...]), ended <= (now - 1) / 60 else { continue }
            let folder = prefix + minute
            while commitsLeft > 0 {
                let names = try await storage.list(Listing(prefix: folder, limit: Self.batchMax, isRecursive: true))
                var batch = Batch()
                for name in names {
                    batch.delete(folder + name)
                    if let other = name.splitUTF8(at: "/").last.flatMap(alongside) { batch.delete(other) }
                }
                if !batch.isEmpty { try await storage.commit(batch) }
                commitsLeft -= 1
                if names.count < Self.batchMax { break }
            }
        }
    }
}

/// A text by which its holder finds a record in ``ShortLived``: it names the folder, and a secret whose hash names the record.
package struct ShortLivedText: Sendable {
    /// The folder, as ``ShortLived/folder(endingAt:of:)`` returns it.
    package let folder: String
    /// The random part.
    package let secret: String

    /// The random bytes of a new secret.
    private static let secretBytes = 32
    private static let secretCharactersMax = 64
    /// The length of the name of an owner: as much of a hash, in hex, as keeps owners apart.
    private static let ownerCharacters = 8

    /// Creates the text of a new record.
    ///
    /// - Parameter ownerHash: A hash of the owner, in hex. The first eight digits are used.
    package init(endingAt seconds: Int, ownerHash: String, randomness: any Randomness) {
        folder = ShortLived.folder(endingAt: seconds, of: String(ownerHash.prefixUTF8(Self.ownerCharacters)))
        secret = Base64.encode(randomness.bytes(Self.secretBytes), as: .url)
    }

    /// Reads a text. Returns nil for one that cannot be the ``text`` of a record.
    package init?(_ text: some StringProtocol) {
        let parts = String(text).splitUTF8(at: ".", maxSplits: 3, omittingEmpty: false)
        guard parts.count == 3, (1...12).contains(parts[0].utf8.count), parts[0].utf8.allSatisfy({ $0.isASCIIDigit }),
            parts[1].utf8.count == Self.ownerCharacters, parts[1].utf8.allSatisfy({ $0.isLowercaseHexDigit }),
            (1...Self.secretCharactersMax).contains(parts[2].utf8.count)
        else { return nil }
        (folder, secret) = ("\(parts[0])/\(parts[1])/", String(parts[2]))
    }

    /// The text, such as `29846911.0f3a….…`.
    package var text: String { folder.replacingUTF8("/", with: ".") + secret }
}
