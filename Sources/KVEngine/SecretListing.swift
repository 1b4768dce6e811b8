import EngineKit
import Syntax

/// Lists of names below a folder: whole, in pages, or with everything beneath.
struct SecretListing: Sendable {
    let storage: any Storage
    /// Of the records: `head/`.
    let prefix: String
    /// Of the paths that policies know: `metadata/`.
    let policyPrefix: String

    /// More names than this are given only in pages.
    static let namesMax = 100_000
    private static let folderPage = 256

    static let fields = [
        Field("after", .string, query: true, "List only names behind this one, in byte order. For listings."),
        Field(
            "limit", .int, query: true, "Give at most so many names; 0 for as many as a page holds. Without it, all. For listings."),
        Field("recursive", .bool, query: true, "Descend into all folders that the caller may list. For listings."),
    ]

    func answer(_ request: Request, fields: Fields) async throws -> Response {
        // Clients that know nothing of pages get all there is.
        let limit = fields.has("limit") ? Paging(fields, limitMax: Self.namesMax).limit : nil
        return try .keys(try await names(request, fields: fields, limit: limit))
    }

    /// One page of names, relative to the folder that was asked for.
    func names(_ request: Request, fields: Fields, limit: Int?) async throws -> [String] {
        let path = request.captures["path"]
        let folder = path.isEmpty ? "" : path + "/"
        let after = Paging(fields).after
        guard (after?.utf8.count ?? 0) <= CanonicalPath.bytesMax else { throw CofferError.invalid("field 'after' is too long") }
        return fields.bool("recursive") == true
            ? try await tree(folder, after: after, limit: limit) { request.mayAlso(.list, policyPrefix + folder + $0) }
            : try await children(of: folder, after: after, limit: limit)
    }

    /// Names and, with a final slash, folders.
    private func children(of folder: String, after: String?, limit: Int?) async throws -> [String] {
        var names: [String] = []
        var after = after
        while true {
            try GivenUpRequest.check()
            let wanted = min((limit ?? .max) - names.count, StorageLimits.pageMax)
            let page = try await storage.list(Listing(prefix: prefix + folder, after: after, limit: wanted))
            names += page
            try check(names.count)
            if page.count < wanted || names.count == limit { return names }
            after = page.last
        }
    }

    /// All names beneath, in byte order. A folder that may not be listed stands there itself, as its parent shows it.
    private func tree(
        _ root: String, after: String?, limit: Int?, mayList: (_ folder: String) -> Bool
    ) async throws -> [String] {
        var names: [String] = []
        var folders = open(after: after, mayList)
        while let depth = folders.indices.last, names.count < limit ?? .max {
            try GivenUpRequest.check()
            guard let child = try await folders[depth].next(storage, prefix + root, page: Self.folderPage) else {
                folders.removeLast()
                continue
            }
            let path = folders[depth].path + child
            if child.utf8.last == UInt8(ascii: "/"), mayList(path) {
                folders.append(Folder(path: path))
            } else {
                names.append(path)
                try check(names.count)
            }
        }
        return names
    }

    /// The folders that a page must go on in, outermost first.
    private func open(after: String?, _ mayList: (_ folder: String) -> Bool) -> [Folder] {
        guard let after else { return [Folder(path: "")] }
        var folders: [Folder] = []
        var path = ""
        var rest = Substring(after)
        while let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")), folders.count < CanonicalPath.segmentsMax {
            let name = String(rest[...slash])
            folders.append(Folder(path: path, after: name))
            path += name
            rest = rest[rest.utf8.index(after: slash)...]
            guard mayList(path) else { return folders }
        }
        folders.append(Folder(path: path, after: rest.isEmpty ? nil : String(rest)))
        return folders
    }

    private func check(_ count: Int) throws(CofferError) {
        guard count <= Self.namesMax else {
            throw .invalid("the list has more than \(Self.namesMax) names; page through it with 'after' and a smaller 'limit'")
        }
    }

    /// One folder on the way down, read a page at a time.
    private struct Folder {
        let path: String
        var after: String?
        private var page: [String] = []
        private var position = 0
        private var isLast = false

        init(path: String, after: String? = nil) {
            self.path = path
            self.after = after
        }

        mutating func next(_ storage: any Storage, _ prefix: String, page size: Int) async throws -> String? {
            if position == page.count {
                if isLast { return nil }
                page = try await storage.list(Listing(prefix: prefix + path, after: after, limit: size))
                position = 0
                isLast = page.count < size
                guard let last = page.last else { return nil }
                after = last
            }
            defer { position += 1 }
            return page[position]
        }
    }
}
