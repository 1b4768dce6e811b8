import HTTPShell

/// The query of a listing.
struct ListingQuery {
    private static let names: Set<String> = ["project", "prefix", "after", "limit"]
    /// The largest page.
    static let limitMax = 1_000

    private var items: [String: String] = [:]

    /// Reads the query.
    ///
    /// - Parameter refusesOthers: Whether unknown names are refused, so that a mistyped filter does not list everything.
    init(_ query: String, refusesOthers: Bool = true) throws(ServiceError) {
        do throws(QueryItems.Refusal) {
            for item in try QueryItems.parse(query) { items[item.name] = item.value }
        } catch {
            throw ServiceError(422, error.rawValue)
        }
        guard !refusesOthers || items.keys.allSatisfy(Self.names.contains) else {
            throw ServiceError(422, "the query knows \(Self.names.sorted().joined(separator: ", ")) only")
        }
    }

    /// Returns the value of a name, or nil if it is absent or empty.
    subscript(_ name: String) -> String? { items[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// Returns the size of the page, or nil if none was given.
    func limit() throws(ServiceError) -> Int? {
        guard let text = self["limit"] else { return nil }
        guard let limit = Int(text), (1...Self.limitMax).contains(limit) else {
            throw .invalid("limit", "must be a number from 1 to \(Self.limitMax)")
        }
        return limit
    }
}
