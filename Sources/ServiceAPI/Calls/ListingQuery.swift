import HTTPShell

/// What a listing is asked with. Unknown names are refused, so that a mistyped filter does not list everything.
struct ListingQuery {
    private static let names: Set<String> = ["project", "prefix", "after", "limit"]

    private var items: [String: String] = [:]

    init(_ query: String) throws(ServiceError) {
        do throws(QueryItems.Refusal) {
            for item in try QueryItems.parse(query) { items[item.name] = item.value }
        } catch {
            throw ServiceError(422, error.rawValue)
        }
        guard items.keys.allSatisfy(Self.names.contains) else {
            throw ServiceError(422, "the query knows \(Self.names.sorted().joined(separator: ", ")) only")
        }
    }

    /// Empty counts as not sent.
    subscript(_ name: String) -> String? { items[name].flatMap { $0.isEmpty ? nil : $0 } }
}
