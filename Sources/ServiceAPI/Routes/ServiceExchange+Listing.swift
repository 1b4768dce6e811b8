import EngineKit
import HTTPShell
import ServiceRules
import Syntax

extension ServiceExchange {
    /// The largest number of entries of a listing without a limit.
    private static let wholeMax = 10_000
    private static let pageMax = ListingQuery.limitMax
    /// The largest number of pages of names that are read to find those that match a pattern.
    private static let pagesMax = 100
    /// The number up to which the entries of a paged listing are counted.
    private static let countedMax = 100_000
    /// The largest number of secrets in an answer with values.
    private static let valuesMax = 10_000

    /// Answers `GET /api/secrets?project=&prefix=&after=&limit=`. `after` is the `id` of the last entry of the page before.
    /// `Link` has the next page, and `X-Total-Count` the number of all entries.
    func listSecrets() async throws(ServiceError) -> ShellResponse {
        let (filter, after, limit) = try await reading { () throws(ServiceError) in
            let query = try ListingQuery(request.query)
            let limit = try query.limit()
            guard (query["after"]?.utf8.count ?? 0) <= CanonicalPath.bytesMax else { throw .invalid("after", "is too long") }
            return (try ListingFilter(query), query["after"], limit)
        }
        let places = try await listingPlaces(filter)
        if places.isEmpty { try await checkCaller() }
        let shown = limit ?? Self.wholeMax
        var found = try await page(places, filter, after: after, limit: shown + 1)
        let hasMore = found.count > shown
        if hasMore { found.removeLast() }
        var response = answer(200, .array(found.map { .object($0.shown) }))
        if hasMore, let last = found.last { response.headers.append(("link", filter.link(after: last.place.full, limit: shown))) }
        // The number is that of all entries, so a page that begins in the middle does not have it.
        guard after == nil else { return response }
        var total: Int? = found.count
        if hasMore, let last = found.last, limit == nil {
            total = try await count(places, filter, counted: found.count, after: last.place.full)
        }
        if hasMore, limit != nil { total = nil }
        if let total { response.headers.append(("x-total-count", String(total))) }
        return response
    }

    /// Returns the number of `listed` entries and those after `after`, or nil if there are too many to count.
    private func count(
        _ places: [String], _ filter: ListingFilter, counted: Int, after: String
    ) async throws(ServiceError) -> Int? {
        var (counted, after) = (counted, after)
        while counted < Self.countedMax {
            let more = try await page(places, filter, after: after, limit: Self.pageMax)
            counted += more.count
            guard more.count == Self.pageMax, let last = more.last else { return counted }
            after = last.place.full
        }
        return nil
    }

    /// Answers with every secret of a project that the caller may list and read, with its value.
    func readAll(_ wire: Substring) async throws(ServiceError) -> ShellResponse {
        let project = try await reading { () throws(ServiceError) in try Self.projectName(wire) }
        let filter = ListingFilter(project: project)
        let places = try await listingPlaces(filter)
        guard !places.isEmpty else {
            try await checkCaller()
            throw denied("read", "secret:\(project):*")
        }
        var shown: [JSON] = []
        var after: String?
        while true {
            let page = try await page(places, filter, after: after, limit: Self.pageMax)
            for record in page {
                if case .success(let response) = try await ask(.read, data(record.place)) {
                    shown.append(.object(SecretRecord(record.place, data: response.object).shown))
                }
            }
            guard shown.count <= Self.valuesMax else {
                throw ServiceError(
                    413, "Project '\(project)' has more than \(Self.valuesMax) secrets; list them and read them one by one")
            }
            guard page.count == Self.pageMax, let last = page.last else { break }
            after = last.place.full
        }
        if shown.isEmpty { try await checkExists(project) }
        return answer(200, .array(shown))
    }

    // MARK: Where to look

    /// Returns the folders and secrets in which a listing starts, by the caller's rules or by the request. They are in
    /// order, and none is below another.
    private func listingPlaces(_ filter: ListingFilter) async throws(ServiceError) -> [String] {
        guard caller.isService, let entry = dialect.directory[caller.name] else {
            return [filter.folder]
        }
        var found: Set<String> = []
        for root in entry.listingRoots { try await expand(root, filter, into: &found) }
        var places: [String] = []
        for place in found.sorted(by: { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }) {
            if let last = places.last, last.hasUTF8Suffix("/") || last.isEmpty, place.hasUTF8Prefix(last) { continue }
            places.append(place)
        }
        return places
    }

    private static let placesMax = 2_000
    private static let tooManyPlaces = ServiceError(
        413, "the listing starts in more than \(placesMax) folders; name a project and a prefix")

    /// Finds the names that match each `*` of a rule.
    private func expand(_ root: ListingRoot, _ filter: ListingFilter, into found: inout Set<String>) async throws(ServiceError) {
        var paths = [""]
        for (depth, segment) in root.segments.enumerated() {
            let isSecret = root.isExact && depth == root.segments.count - 1
            var longer: [String] = []
            for path in paths {
                switch (segment, depth < filter.segments.count ? filter.segments[depth] : nil) {
                case (.literal(let text), let wanted):
                    if wanted == nil || wanted == text { longer.append(path + text) }
                case (_, let wanted?):
                    if segment.matches(wanted) { longer.append(path + wanted) }
                case (_, nil): longer += try await names(in: path, matching: segment, secrets: isSecret).map { path + $0 }
                }
            }
            paths = isSecret ? longer : longer.map { $0 + "/" }
            guard paths.count + found.count <= Self.placesMax else { throw Self.tooManyPlaces }
        }
        for path in paths {
            // A listing with a narrower filter starts further down.
            if path.hasUTF8Suffix("/"), filter.folder.hasUTF8Prefix(path) {
                found.insert(filter.folder)
            } else if path.hasUTF8Prefix(filter.folder) {
                found.insert(path)
            }
        }
    }

    private func names(
        in folder: String, matching segment: SegmentPattern, secrets: Bool
    ) async throws(ServiceError) -> [String] {
        var found: [String] = []
        var after: String?
        for _ in 0..<Self.pagesMax {
            var query: [(name: String, value: String)] = [("limit", "\(Self.pageMax)")]
            if let after { query.append(("after", after)) }
            let path = settings.mount + "metadata/" + folder.pathEncoded
            guard case .success(let response) = try await ask(.list, path, query: query) else { return found }
            let names = response.object["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
            found += names.compactMap { name in
                guard name.hasUTF8Suffix("/") != secrets else { return nil }
                let bare = secrets ? name : String(name.dropLastUTF8())
                return segment.matches(bare) ? bare : nil
            }
            guard found.count <= Self.placesMax else { throw Self.tooManyPlaces }
            guard names.count == Self.pageMax, let last = names.last else { return found }
            after = last
        }
        throw Self.tooManyPlaces
    }

    // MARK: A page

    private func page(
        _ places: [String], _ filter: ListingFilter, after: String?, limit: Int
    ) async throws(ServiceError) -> [SecretRecord] {
        var found: [SecretRecord] = []
        for place in places where found.count < limit {
            if place.isEmpty || place.hasUTF8Suffix("/") {
                try await listFolder(place, filter, after: after, limit: limit, into: &found)
            } else if after.map({ Self.precedes($0, place) }) ?? true, filter.accepts(place), let one = try await single(place) {
                found.append(one)
            }
        }
        return found
    }

    private func listFolder(
        _ folder: String, _ filter: ListingFilter, after: String?, limit: Int, into found: inout [SecretRecord]
    ) async throws(ServiceError) {
        var relative: String?
        if let after {
            if after.utf8.starts(with: folder.utf8) {
                relative = String(after.dropFirstUTF8(folder.utf8.count))
            } else if Self.precedes(folder, after) {
                return
            }
        }
        while found.count < limit {
            let wanted = min(Self.pageMax, max(limit - found.count, 50))
            var query: [(name: String, value: String)] = [("recursive", "true"), ("limit", "\(wanted)")]
            if let relative, !relative.isEmpty { query.append(("after", relative)) }
            let path = settings.mount + "detailed-metadata/" + folder.pathEncoded
            guard case .success(let response) = try await ask(.list, path, query: query) else { return }
            let listed = ListedSecrets(response.object)
            for name in listed.names where found.count < limit {
                guard listed.isThere(name), let info = listed[name], let place = SecretPlace(full: folder + name),
                    filter.accepts(place.full), mayList(place)
                else { continue }
                found.append(SecretRecord(place, listed: info))
            }
            guard listed.names.count == wanted, let last = listed.names.last else { return }
            relative = last
        }
    }

    /// Returns the secret that a rule for a single secret allows to list.
    private func single(_ path: String) async throws(ServiceError) -> SecretRecord? {
        guard let place = SecretPlace(full: path), mayList(place),
            case .success(let response) = try await ask(.read, metadata(place)),
            let current = response.object["current_version"]?.stringOrNumber,
            let version = response.object["versions"]?[current]?.objectValue,
            version["deletion_time"]?.stringValue?.isEmpty != false, version["destroyed"]?.boolValue != true
        else { return nil }
        var info = version
        info["version"] = .number(current)
        return SecretRecord(place, metadata: info, value: nil)
    }

    /// Whether a secret may be listed. The mount lists all names of a folder, but a rule may be about some of them only.
    private func mayList(_ place: SecretPlace) -> Bool {
        guard caller.isService, let entry = dialect.directory[caller.name] else { return true }
        return entry.definition.rules.decision(.list, on: place.full).isAllowed
    }

    private static func precedes(_ a: String, _ b: String) -> Bool {
        Array(a.utf8).lexicographicallyPrecedes(Array(b.utf8))
    }
}

/// The filter of a listing: a project and a prefix of the paths.
struct ListingFilter {
    private let project: String?
    private let prefix: String

    init(project: String) {
        self.project = project
        prefix = ""
    }

    init(_ query: ListingQuery) throws(ServiceError) {
        project = query["project"]
        prefix = query["prefix"] ?? ""
        for (name, text) in [("project", project ?? ""), ("prefix", prefix)] where !text.isEmpty {
            guard name == "prefix" || !text.containsUTF8("/") else { throw .invalid("project", "must be one name") }
            // A prefix may end within a name.
            do throws(CanonicalPath.Refusal) { _ = try CanonicalPath(decoded: text.hasUTF8Suffix("/") ? text : text + "x") } catch {
                throw .invalid(name, "is not acceptable: \(error.rawValue)")
            }
        }
    }

    /// The complete folders at the beginning of all matching paths: the project and those of the prefix.
    var segments: [String] {
        guard let project else { return [] }
        return [project] + prefix.splitUTF8(at: "/", omittingEmpty: false).dropLast().map(String.init)
    }

    /// Returns the `Link` header with the next page (RFC 8288).
    func link(after: String, limit: Int) -> String {
        var items: [(String, String)] = []
        if let project { items.append(("project", project)) }
        if !prefix.isEmpty { items.append(("prefix", prefix)) }
        items += [("after", after), ("limit", String(min(limit, ListingQuery.limitMax)))]
        return "</api/secrets?\(PercentEncoding.form(items))>; rel=\"next\""
    }

    /// The path of the folder; empty, or with a final slash.
    var folder: String { segments.map { $0 + "/" }.joined() }

    func accepts(_ full: String) -> Bool {
        guard let place = SecretPlace(full: full) else { return false }
        return (project == nil || project == place.project) && place.path.utf8.starts(with: prefix.utf8)
    }
}

extension JSON {
    fileprivate var stringOrNumber: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }
}
