import EngineKit
import Syntax

extension RemoteKVEngine {
    /// The number of names in one page.
    private static let pageMax = 1_000
    /// The number of folders that are listed for one request.
    private static let foldersMax = 2_000

    /// Handles `LIST detailed-metadata/{path}`: the names, and for each secret its newest version.
    func listDetailed(_ request: Request) async throws -> Response {
        let folder = Self.folder(request)
        let names = try await names(request, policyPrefix: "detailed-metadata/")
        var info = JSONObject()
        for name in names where !name.hasUTF8Suffix("/") {
            // A secret may have been deleted in the meantime.
            guard let data = try await ifPresent({ try await metadata(folder + name) }),
                let current = data["current_version"]?.intValue
            else { continue }
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

    /// Returns what `read` returns, or nil if there is nothing to read. Any other error fails the whole listing: a secret or folder
    /// that is left out would seem not to exist.
    private func ifPresent(_ read: () async throws -> JSONObject) async throws -> JSONObject? {
        do {
            return try await read()
        } catch let error as CofferError where error.code == .notFound {
            return nil
        }
    }

    /// The listed folder, with its final slash; empty for the root.
    private static func folder(_ request: Request) -> String {
        let path = request.captures["path"]
        return path.isEmpty ? "" : path + "/"
    }

    /// Returns one page of names in byte order, with those in subfolders if the request is recursive. A Vault server lists one
    /// folder at a time, so each folder is one request.
    ///
    /// - Parameter policyPrefix: The path under which the caller needs the right to list a subfolder.
    func names(_ request: Request, policyPrefix: String) async throws -> [String] {
        let root = Self.folder(request)
        let paging = Paging(request.fields, limitMax: Self.pageMax)
        let (after, limit) = (paging.after ?? "", paging.limit)
        var found: [String] = []
        var pending = [""]
        var asked = 0
        while let folder = pending.popLast(), found.count < limit {
            if folder.hasUTF8Suffix("/"),
                !(request.fields.flag("recursive") && request.mayAlso(.list, policyPrefix + root + folder))
            {
                if Self.precedes(after, folder) { found.append(folder) }
                continue
            }
            guard folder.isEmpty || folder.hasUTF8Suffix("/") else {
                if after.isEmpty || Self.precedes(after, folder) { found.append(folder) }
                continue
            }
            // Everything in this folder was on earlier pages.
            if !after.isEmpty, !folder.isEmpty, Self.precedes(folder, after), !after.hasUTF8Prefix(folder) { continue }
            asked += 1
            guard asked <= Self.foldersMax else {
                throw CofferError.invalid("the list would include more than \(Self.foldersMax) folders; list a subfolder instead")
            }
            let listed = try await ifPresent { try await send(.list, "metadata", path: root + folder) }
            let children = listed?["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
            pending += children.sorted { Self.precedes($1, $0) }.map { folder + $0 }
        }
        return found
    }

    private static func precedes(_ a: String, _ b: String) -> Bool { Array(a.utf8).lexicographicallyPrecedes(Array(b.utf8)) }
}
