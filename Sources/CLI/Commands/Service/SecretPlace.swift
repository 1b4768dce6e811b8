internal import CofferClient
internal import Syntax

/// A KV mount of a server that secrets are copied from or to.
struct SecretPlace: Sendable {
    var client: CofferClient
    var mount: String
    var name: String
    /// The version of the KV engine, 1 or 2.
    var version: Int
    /// Returns the failure to report for an error of this server.
    var failure: @Sendable (ClientError) -> CommandFailure

    /// Asks the server for the version of the engine.
    init(
        client: CofferClient, mount: String, name: String, failure: @escaping @Sendable (ClientError) -> CommandFailure
    ) async throws {
        (self.client, self.mount, self.name, self.failure) = (client, mount, name, failure)
        version = 2
        version = try await asking { try await client.sys.keyValueMount(of: mount).version }
    }

    /// Returns the paths of all secrets, sorted. Folders are listed one by one, because not all servers list recursively.
    func paths() async throws -> [String] {
        var found: [String] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let path = version == 2 ? "\(mount)/metadata/\(folder)" : "\(mount)/\(folder)"
            let listed = try await asking { try await client.list(path)?.data?["keys"]?.arrayValue ?? [] }
            for name in listed.compactMap(\.stringValue) {
                if name.ends(with: "/") { folders.append(folder + name) } else { found.append(folder + name) }
            }
        }
        return found.sorted()
    }

    /// Returns the newest version of a secret. The data is nil if the secret does not exist or is deleted.
    func read(_ path: String) async throws -> (data: JSON?, number: Int) {
        guard version == 2 else {
            let data = try await asking { try await client.read("\(mount)/\(path)")?.data }
            return (data.map { Printer.sorted(.object($0)) }, 0)
        }
        let found = try await asking { try await client.read("\(mount)/data/\(path)")?.data }
        let data = found?["data"].flatMap { $0.isNull ? nil : Printer.sorted($0) }
        return (data, found?["metadata"]?["version"]?.intValue ?? 0)
    }

    /// Returns the labels and settings of a secret, or nil if the token may not read them.
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

    /// Writes a secret if its newest version has the given number.
    func write(_ path: String, _ data: JSON, over number: Int) async throws {
        guard version == 2 else {
            _ = try await asking { try await client.request(.put, "\(mount)/\(path)", body: data) }
            return
        }
        // The check prevents overwriting a version that someone else has written in the meantime.
        let body: JSONObject = ["data": data, "options": ["cas": .int(number)]]
        _ = try await asking { try await client.write("\(mount)/data/\(path)", body) }
    }

    /// Writes the labels and settings of a secret.
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
