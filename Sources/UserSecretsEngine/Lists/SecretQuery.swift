import EngineKit
import Syntax

/// Which secrets a list shows, and from where.
struct SecretQuery: Sendable {
    var provider: String?
    var type: String?
    var tag: String?
    var isActive: Bool?
    var status: SecretStatus?
    var expiresBefore: Timestamp?
    /// Folded, see ``IndexEntry/folded(_:)``.
    var search: String?
    var after: ListPosition?
    var limit: Int

    /// The longest text to search for, in bytes.
    static let searchBytesMax = 512

    static let fields =
        Paging.fields + [
            Field("provider", .string, query: true, "List only secrets of this provider; empty for all."),
            Field("secret_type", .string, query: true, "List only secrets of this type; empty for all."),
            Field("tag", .string, query: true, "List only secrets with this tag; empty for all."),
            Field("is_active", .bool, query: true, "List only active secrets, or only inactive ones."),
            Field(
                "status", .string, query: true, oneOf: SecretStatus.allCases.map(\.rawValue),
                "List only secrets that can be used (active), that are switched off (inactive), or that have expired."),
            Field("expires_before", .any, query: true, "List only secrets that expire before this time, or have expired."),
            Field(
                "search", .string, query: true,
                "List only secrets with this text in their name, description, provider or a tag, in any letter case."),
        ]

    /// Reads what a request asks for.
    init(_ fields: Fields) throws(CofferError) {
        let paging = Paging(fields, limitMax: OwnerCounts.secretsMax)
        limit = paging.limit
        if let text = paging.after {
            guard let place = ListPosition(text) else {
                throw UserSecretsFailure.invalidField("after", "must be the 'next' of an earlier answer")
            }
            after = place
        }
        func text(_ name: String) -> String? { fields.string(name).flatMap { $0.isEmpty ? nil : $0 } }
        (provider, type, tag) = (text("provider"), text("secret_type"), text("tag"))
        isActive = fields.bool("is_active")
        status = text("status").flatMap(SecretStatus.init(rawValue:))
        expiresBefore = try fields.moment("expires_before")
        search = text("search").map(IndexEntry.folded)
        guard search?.utf8.count ?? 0 <= Self.searchBytesMax else {
            throw UserSecretsFailure.invalidField("search", "must have at most \(Self.searchBytesMax) bytes")
        }
    }

    /// Whether a secret is one of those that are asked for.
    func matches(_ entry: IndexEntry, at now: Timestamp) -> Bool {
        let secret = entry.secret
        if let provider, !secret.terms.provider.equalsUTF8(provider) { return false }
        if let type, !secret.terms.type.equalsUTF8(type) { return false }
        if let isActive, secret.terms.isActive != isActive { return false }
        if let status, secret.status(at: now) != status { return false }
        if let expiresBefore, secret.terms.expiresAt.map({ $0 >= expiresBefore }) ?? true { return false }
        if let tag, !secret.tags.contains(where: { $0.equalsUTF8(tag) }) { return false }
        if let search, !entry.contains(search) { return false }
        return true
    }

    /// Returns one page of the secrets that are asked for, the number of all of them, and the last place of the page if there are
    /// more behind it.
    func page(of index: OwnerIndex, at now: Timestamp) -> (entries: [IndexEntry], total: Int, next: ListPosition?) {
        let start = after.map { index.start(behind: $0) } ?? 0
        var (page, total, hasMore): ([IndexEntry], Int, Bool) = ([], 0, false)
        for (number, entry) in index.entries.enumerated() where matches(entry, at: now) {
            total += 1
            guard number >= start else { continue }
            if page.count < limit { page.append(entry) } else { hasMore = true }
        }
        return (page, total, hasMore ? page.last?.position : nil)
    }
}

extension Fields {
    /// Returns the time in a field, or nil if it was not sent or is empty. Throws if it cannot be read.
    func moment(_ name: String) throws(CofferError) -> Timestamp? {
        guard let value = any(name), value != .string("") else { return nil }
        guard let moment = Moment.read(value) else {
            throw UserSecretsFailure.invalidField(
                name, "must be a time such as 2026-11-30T08:00:00Z, a date, or seconds since 1970, in the years 1970 to 2250")
        }
        return moment
    }
}
