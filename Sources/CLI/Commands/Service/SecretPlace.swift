internal import CofferClient
internal import Syntax

/// A KV mount of some server, to copy from or to.
struct SecretPlace: Sendable {
    var client: CofferClient
    var mount: String
    var name: String
    /// 1 or 2.
    var version: Int
    /// What a failure of this server means to the person at the terminal.
    var failure: @Sendable (ClientError) -> CommandFailure

    /// Asks which version of the engine it is.
    init(
        client: CofferClient, mount: String, name: String, failure: @escaping @Sendable (ClientError) -> CommandFailure
    ) async throws {
        (self.client, self.mount, self.name, self.failure) = (client, mount, name, failure)
        version = 2
        version = try await asking { try await client.sys.keyValueMount(of: mount).version }
    }

    /// All secrets, one folder asked for after the other, as every server understands it.
    func paths() async throws -> [String] {
        var found: [String] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let path = version == 2 ? "\(mount)/metadata/\(folder)" : "\(mount)/\(folder)"
            let listed = try await asking { try await client.list(path)?.data?["keys"]?.arrayValue ?? [] }
            for name in listed.compactMap(\.stringValue) {
                if name.isEnding(in: "/") { folders.append(folder + name) } else { found.append(folder + name) }
            }
        }
        return found.sorted()
    }

    /// The data is nil when there is none, or it is deleted.
    func read(_ path: String) async throws -> (data: JSON?, number: Int) {
        guard version == 2 else {
            let data = try await asking { try await client.read("\(mount)/\(path)")?.data }
            return (data.map { Printer.sorted(.object($0)) }, 0)
        }
        let found = try await asking { try await client.read("\(mount)/data/\(path)")?.data }
        let data = found?["data"].flatMap { $0.isNull ? nil : Printer.sorted($0) }
        return (data, found?["metadata"]?["version"]?.intValue ?? 0)
    }

    /// What is set for one secret besides its data; nil when this token may not read it.
    func settings(_ path: String) async throws -> JSONObject? {
        guard version == 2 else { return JSONObject() }
        let found: JSONObject?
        do {
            found = try await client.read("\(mount)/metadata/\(path)")?.data
        } catch let error where error.status == 403 {
            return nil
        } catch {
            throw failure(error)
        }
        var settings = JSONObject()
        if let labels = found?["custom_metadata"]?.objectValue, !labels.isEmpty {
            settings["custom_metadata"] = Printer.sorted(.object(labels))
        }
        if let count = found?["max_versions"]?.intValue, count != 0 { settings["max_versions"] = .int(count) }
        if found?["cas_required"]?.boolValue == true { settings["cas_required"] = true }
        if let text = found?["delete_version_after"]?.stringValue, text != "0s" { settings["delete_version_after"] = .string(text) }
        return settings
    }

    func write(_ path: String, _ data: JSON, over number: Int) async throws {
        guard version == 2 else {
            _ = try await asking { try await client.request(.put, "\(mount)/\(path)", body: data) }
            return
        }
        // The number that was read: what somebody else writes meanwhile is not overwritten.
        let body: JSONObject = ["data": data, "options": ["cas": .int(number)]]
        _ = try await asking { try await client.write("\(mount)/data/\(path)", body) }
    }

    func set(_ path: String, _ settings: JSONObject) async throws {
        _ = try await asking { try await client.write("\(mount)/metadata/\(path)", settings) }
    }

    private func asking<T>(_ work: () async throws -> T) async throws -> T {
        do {
            return try await work()
        } catch let error as ClientError {
            throw failure(error)
        }
    }
}
