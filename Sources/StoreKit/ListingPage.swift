package import EngineKit

/// Computes the names of one page from keys in byte order, and says where the store should continue.
///
/// A folder needs a few rows and one seek, however many keys are below it.
package struct ListingPage {
    /// A position in the order of keys.
    package enum Bound: Sendable, Hashable {
        case from(String)
        case after(String)
    }

    /// What the store has to do next.
    package enum Step: Sendable, Hashable {
        /// Return the next key.
        case next
        /// Leave the folder: return the first key at or after the bound.
        case seek(Bound)
        case done
    }

    /// The names of the page so far.
    package private(set) var names: [String] = []
    /// Where the page begins.
    package let start: Bound

    private let prefix: String
    private let limit: Int
    private let isRecursive: Bool
    private var rowsInFolder = 0

    /// The number of rows whose reading costs about as much as one seek.
    private static let rowsBeforeSeek = 8

    /// Begins the page that `listing` asks for.
    ///
    /// - Throws: ``StorageError/limitExceeded(_:)`` if the prefix does not end with `/`.
    package init(_ listing: Listing) throws(StorageError) {
        guard listing.prefix.isEmpty || listing.prefix.utf8.last == UInt8(ascii: "/") else {
            throw .limitExceeded("the prefix of a listing must end with /")
        }
        prefix = listing.prefix
        limit = min(max(listing.limit, 0), StorageLimits.pageMax)
        isRecursive = listing.isRecursive
        start = Self.start(listing)
    }

    /// Whether the page is complete.
    package var isFull: Bool { names.count >= limit }

    /// Adds a key. Keys must be passed in byte order, beginning at ``start``.
    package mutating func take(_ key: String) -> Step {
        guard !isFull, key.utf8.count > prefix.utf8.count, key.utf8.starts(with: prefix.utf8) else { return .done }
        let name = key.utf8.dropFirst(prefix.utf8.count)
        guard !isRecursive, let slash = name.firstIndex(of: UInt8(ascii: "/")) else {
            names.append(String(Substring(name)))
            return isFull ? .done : .next
        }
        let folder = name[...slash]
        if let last = names.last, last.utf8.elementsEqual(folder) {
            rowsInFolder += 1
            return rowsInFolder < Self.rowsBeforeSeek ? .next : .seek(.from(prefix + Self.behind(name[..<slash])))
        }
        names.append(String(Substring(folder)))
        rowsInFolder = 1
        return isFull ? .done : .next
    }

    private static func start(_ listing: Listing) -> Bound {
        guard let after = listing.after else { return .from(listing.prefix) }
        guard !listing.isRecursive, let slash = after.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            return .after(listing.prefix + after)
        }
        return .from(listing.prefix + behind(after.utf8[..<slash]))
    }

    /// Returns the first key that can follow everything in a folder: `0` is the byte after `/`.
    private static func behind(_ folder: Substring.UTF8View) -> String { String(Substring(folder)) + "0" }
}
