import EngineKit
import Syntax

extension RemoteKVEngine {
    private static let pageMax = 1_000
    private static let foldersMax = 2_000

    func list(_ request: Request) async throws -> Response {
        try .keys(try await names(request, policyPrefix: "metadata/"))
    }

    func listDetailed(_ request: Request) async throws -> Response {
        let folder = Self.folder(request)
        let names = try await names(request, policyPrefix: "detailed-metadata/")
        var info = JSONObject()
        for name in names where !name.hasUTF8Suffix("/") {
            guard let data = try await known(folder + name), let current = data["current_version"]?.intValue else { continue }
            let version = data["versions"]?[String(current)]?.objectValue ?? [:]
            let isGone =
                current == 0 || version["destroyed"]?.boolValue == true || version["deletion_time"]?.stringValue?.isEmpty == false
            info.members.append(
                .init(
                    key: name,
                    value: [
                        "current_version": .int(current), "created_time": version["created_time"] ?? "",
                        "created_by": version["created_by"] ?? "", "deleted": .bool(isGone),
                    ]))
        }
        return try .keys(names, info: info)
    }

    /// nil when it is gone meanwhile. Any other failure is one of the whole listing: a secret that is left out would be taken for
    /// one that is not there.
    private func known(_ path: String) async throws -> JSONObject? {
        do {
            return try await metadata(path)
        } catch let error as CofferError where error.code == .notFound {
            return nil
        }
    }

    private static func folder(_ request: Request) -> String {
        let path = request.captures["path"]
        return path.isEmpty ? "" : path + "/"
    }

    /// A page of names in byte order. Other servers list one folder at a time, so a descent asks for each.
    private func names(_ request: Request, policyPrefix: String) async throws -> [String] {
        let root = Self.folder(request)
        let paging = Paging(request.fields, limitMax: Self.pageMax)
        let (after, limit) = (paging.after ?? "", paging.limit)
        var found: [String] = []
        var pending = [""]
        var asked = 0
        while let folder = pending.popLast(), found.count < limit {
            if folder.hasUTF8Suffix("/"),
                !(request.fields.bool("recursive") == true && request.mayAlso(.list, policyPrefix + root + folder))
            {
                if Self.precedes(after, folder) { found.append(folder) }
                continue
            }
            guard folder.isEmpty || folder.hasUTF8Suffix("/") else {
                if after.isEmpty || Self.precedes(after, folder) { found.append(folder) }
                continue
            }
            // All of it was on the pages before.
            if !after.isEmpty, !folder.isEmpty, Self.precedes(folder, after), !after.hasUTF8Prefix(folder) { continue }
            asked += 1
            guard asked <= Self.foldersMax else {
                throw CofferError.invalid("the list has more than \(Self.foldersMax) folders; ask for one of them")
            }
            let children = try await children(of: root + folder)
            pending += children.sorted { Self.precedes($1, $0) }.map { folder + $0 }
        }
        return found
    }

    private func children(of folder: String) async throws -> [String] {
        do {
            return try await ask(.list, "metadata", folder)["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
        } catch let error as CofferError where error.code == .notFound {
            return []
        }
    }

    private static func precedes(_ a: String, _ b: String) -> Bool { Array(a.utf8).lexicographicallyPrecedes(Array(b.utf8)) }
}
