import Crypto
import EngineKit
import Records
import Syntax

/// Records that end soon, each under the hash of a random text that its holder has: codes and access tokens.
///
/// The text says when its record ends and, by a tag, which entity it is of. So ended records are found without reading them, and one
/// entity cannot fill the store.
struct ShortLived<Value: Record>: Sendable {
    let table: RecordTable<Value>
    /// What the texts begin with.
    private let mark: String
    private let prefix: String
    private let storage: any Storage
    private let randomness: any Randomness

    /// - Parameters:
    ///   - prefix: The folder of the records. Ends with `/`.
    ///   - mark: What the texts begin with, so that tools that look for leaked secrets know them.
    init(storage: any Storage, prefix: String, mark: String, randomness: any Randomness) {
        table = RecordTable(storage: storage, prefix: prefix)
        self.prefix = prefix
        self.mark = mark
        self.storage = storage
        self.randomness = randomness
    }

    /// A text for a new record, and the name of the record.
    struct New: Sendable {
        var text: String
        var name: String
    }

    /// Returns the text and the name of a record that ends at a time.
    ///
    /// - Parameter entity: The id of the entity that it is of.
    func make(endingAt seconds: Int, of entity: String) -> New {
        let folder = Self.folder(endingAt: seconds, of: entity)
        let random = Base64.encode(randomness.bytes(32), as: .url)
        return New(text: "\(mark)\(folder.replacingUTF8("/", with: ".")).\(random)", name: "\(folder)/\(Self.hash(random))")
    }

    /// Returns the number of records of an entity that end in the same minute, up to a limit.
    func count(endingAt seconds: Int, of entity: String, limit: Int) async throws -> Int {
        let folder = Self.folder(endingAt: seconds, of: entity)
        return try await storage.list(Listing(prefix: "\(prefix)\(folder)/", limit: limit)).count
    }

    /// Returns the name of the record of a text, or nil for a text that ``make(endingAt:of:)`` never returns.
    func name(of text: String) -> String? {
        guard let rest = text.removingUTF8Prefix(mark) else { return nil }
        let parts = rest.splitUTF8(at: ".", maxSplits: 3, omittingEmpty: false)
        guard parts.count == 3, (1...12).contains(parts[0].utf8.count), parts[0].utf8.allSatisfy({ $0.isASCIIDigit }),
            parts[1].utf8.count == 8, parts[1].utf8.allSatisfy({ $0.isLowercaseHexDigit }), parts[2].utf8.count == 43
        else { return nil }
        return "\(parts[0])/\(parts[1])/\(Self.hash(String(parts[2])))"
    }

    /// Adds the deletion of a record to a batch.
    func delete(_ name: String, into batch: inout Batch) { table.delete(name, into: &batch) }

    private static func folder(endingAt seconds: Int, of entity: String) -> String {
        "\(max(0, seconds) / 60 + 1)/\(hash(entity).prefixUTF8(8))"
    }

    private static func hash(_ text: String) -> String { Hex.encode(SHA256.hash(data: Array(text.utf8))) }

    /// Deletes a bounded number of records that have ended.
    func sweep(at now: Int) async throws {
        // The oldest minutes come first as long as they have the same number of digits, which they have until the year 2160.
        for folder in try await storage.list(Listing(prefix: prefix, limit: 64)) {
            guard let minute = Int(folder.removingUTF8Suffix("/") ?? folder[...]), minute <= (now - 1) / 60 else { break }
            let names = try await storage.list(Listing(prefix: prefix + folder, limit: 1_000, isRecursive: true))
            guard !names.isEmpty else { continue }
            var batch = Batch()
            for name in names { batch.delete(prefix + folder + name) }
            try await storage.commit(batch)
        }
    }
}
