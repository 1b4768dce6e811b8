import EngineKit
import Syntax

/// Lists names: all of a folder, a page of them, or those in all folders below it.
struct SecretListing: Sendable {
    let storage: any Storage
    /// The prefix of the records: `head/`.
    let prefix: String
    /// The prefix of the paths in policies: `metadata/`.
    let policyPrefix: String

    /// A longer list can be read only in pages.
    static let namesMax = 100_000
    private static let folderPage = 256

    static let fields = [
        Field("after", .string, query: true, "For listings: list only names after this one, in byte order."),
        Field(
            "limit", .int, query: true,
            "For listings: the largest number of names; 0 for a full page. Without it, all names are listed."),
        Field("recursive", .bool, query: true, "For listings: descend into all folders that the caller may list."),
    ]

    /// Returns the answer to a listing.
    func answer(_ request: Request, fields: Fields) async throws -> Response {
        // Clients that do not know pages get all names.
        let limit = fields.has("limit") ? Paging(fields, limitMax: Self.namesMax).limit : nil
        return try .keys(try await names(request, fields: fields, limit: limit))
    }

    /// Returns one page of names, relative to the folder that the request names.
    func names(_ request: Request, fields: Fields, limit: Int?) async throws -> [String] {
        let path = request.captures["path"]
        let folder = path.isEmpty ? "" : path + "/"
        let after = Paging(fields).after
        guard (after?.utf8.count ?? 0) <= CanonicalPath.bytesMax else { throw CofferError.invalid("field 'after' is too long") }
        return fields.flag("recursive")
            ? try await tree(folder, after: after, limit: limit) { request.mayAlso(.list, policyPrefix + folder + $0) }
            : try await children(of: folder, after: after, limit: limit)
    }

    /// Returns the names in a folder. Those of folders end in a slash.
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

    /// Returns the names of all secrets below a folder, in byte order. A folder that the caller may not list is returned by
    /// name only, as in a listing of its parent.
    private func tree(
        _ root: String, after: String?, limit: Int?, mayList: (_ folder: String) -> Bool
    ) async throws -> [String] {
        var names: [String] = []
        var folders = open(after: after, mayList)
        while let depth = folders.indices.last, names.count < limit ?? .max {
            try GivenUpRequest.check()
            guard let child = try await folders[depth].next(in: storage, below: prefix + root, page: Self.folderPage) else {
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

    /// Returns the folders in which a page continues, the outermost first.
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

    /// A folder that is read a page at a time.
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

        /// Returns the next name, or nil at the end.
        mutating func next(in storage: any Storage, below prefix: String, page size: Int) async throws -> String? {
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
