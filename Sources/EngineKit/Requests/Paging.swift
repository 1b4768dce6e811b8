/// One page of a listing. `after` and `limit` mean the same in every listing.
///
/// Without a limit, or with one of 0 or less, an answer contains one page. An answer never contains more than a page.
package struct Paging: Sendable, Hashable {
    /// The last name of the previous page; nil for the first page.
    package var after: String?
    /// The number of names, at least 1.
    package var limit: Int

    /// The fields `after` and `limit`, for the declaration of a listing.
    package static let fields = [
        Field("after", .string, query: true, "List only the names that follow this one, the last of the page before."),
        Field("limit", .int, query: true, "Return at most this many names; 0 for as many as a page holds."),
    ]

    /// Creates the request for one page of at most `limit` names behind `after`.
    package init(after: String? = nil, limit: Int = StorageLimits.pageMax) {
        self.after = after
        self.limit = limit
    }

    /// Reads the page that a request asks for.
    ///
    /// - Parameter limitMax: The largest number of names in an answer, if it differs from ``StorageLimits/pageMax``.
    package init(_ fields: Fields, limitMax: Int = StorageLimits.pageMax) {
        after = fields.string("after").flatMap { $0.isEmpty ? nil : $0 }
        limit = Self.limit(fields.int("limit"), limitMax)
    }

    /// Returns the size of a page, from 1 to `limitMax`. Nil, 0 and negative numbers ask for the largest page.
    package static func limit(_ asked: Int?, _ limitMax: Int = StorageLimits.pageMax) -> Int {
        guard let asked, asked > 0 else { return min(StorageLimits.pageMax, limitMax) }
        return min(asked, limitMax)
    }
}

extension Paging {
    /// Returns a page of names that are all available, in byte order.
    package func page(of names: [String]) -> [String] {
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard let after else { return Array(sorted.prefix(limit)) }
        return Array(sorted.drop { !after.utf8.lexicographicallyPrecedes($0.utf8) }.prefix(limit))
    }
}

extension Listing {
    /// Creates the listing of one page of the names below `prefix`.
    package init(prefix: String, _ paging: Paging) {
        self.init(prefix: prefix, after: paging.after, limit: paging.limit)
    }
}
