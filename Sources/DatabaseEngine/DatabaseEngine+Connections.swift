import DatabaseClients
import Databases
import EngineKit
import Records
import Syntax

extension DatabaseEngine {
    var connectionPaths: [EnginePath] {
        [
            EnginePath("config", "Configured databases.", fields: Paging.fields)
                .listing("List connections.") { try .keys(try await databases.names(Paging($0.fields))) },
            EnginePath(
                "config/{name}", "One database.", fields: connectionFields,
                exists: { try await databases.find(try name($0)) != nil }
            )
            .reading("Read a connection, without its secrets.") { try await readConnection($0) }
            .updatingWithoutAnswer("Create or change a connection.") { try await writeConnection($0) }
            .deleting("Delete a connection. Leases of its users can then only be revoked by force.") { request in
                let name = try name(request)
                try await lines.inTurn("config/" + name) {
                    var batch = Batch()
                    databases.delete(name, into: &batch)
                    batch.delete("wal/root/" + name)
                    try await storage.commit(batch)
                    drivers.drop(name)
                }
            },
            EnginePath("reset/{name}", "Connections to one database.", fields: [Self.nameField])
                .updatingWithoutAnswer("Close all connections and open new ones.") { try await reset(try name($0)) },
            EnginePath("reload/{name}", "Connections of one plugin.", fields: [Self.nameField])
                .updating("Reset every connection of the plugin.") { try await reload($0) },
            EnginePath("rotate-root/{name}", "The password of the user that Coffer logs in with.", fields: [Self.nameField])
                .updatingWithoutAnswer("Change the password of the connection's own user, which only Coffer knows afterwards.") {
                    try await rotateRoot(try name($0))
                },
        ]
    }

    private var connectionFields: [Field] {
        var fields =
            [
                Self.nameField, Field("plugin_name", .string, "\(drivers.plugins.keys.sorted().joined(separator: " or "))."),
                Field("plugin_version", .string, "Must be empty: only the built-in plugins exist."),
            ] + DatabaseConfiguration.settings.fields
        for field in drivers.plugins.values.sorted(by: { $0.name < $1.name }).flatMap(\.fields)
        where !fields.contains(where: { $0.name == field.name }) { fields.append(field) }
        return fields
    }

    private func readConnection(_ request: Request) async throws -> Response {
        let configuration = try await databases.existing(try name(request))
        let plugin = try drivers.plugin(configuration.plugin)
        var details = plugin.shown(configuration.details)
        for secret in plugin.secretFields { details[secret] = nil }
        details["username"] = .string(configuration.username)
        if !configuration.usernameTemplate.isEmpty { details["username_template"] = .string(configuration.usernameTemplate) }
        var data: JSONObject = [
            "plugin_name": .string(configuration.plugin), "plugin_version": "", "connection_details": .object(details),
        ]
        data.members += configuration.shown.members
        if let rotatedAt = configuration.rotatedAt { data["last_root_rotation"] = .string(rotatedAt.description) }
        return .data(data)
    }

    private func writeConnection(_ request: Request) async throws {
        let name = try name(request)
        try await lines.inTurn("config/" + name) {
            let found = try await databases.find(name)
            let configuration = try changed(found?.value, by: request)
            let entry = try drivers.make(configuration)
            defer { entry.driver.close() }
            if configuration.verifiesConnection {
                do throws(DatabaseError) {
                    try await entry.driver.verifyConnection()
                } catch {
                    throw CofferError.refused("error verifying connection", error)
                }
            }
            var batch = Batch()
            databases.put(name, configuration, if: found?.unchanged ?? .absent, into: &batch)
            if configuration.pendingPassword == nil { batch.delete("wal/root/" + name) }
            try await storage.commit(batch)
            drivers.drop(name)
        }
    }

    /// Returns the configuration with the changes of a request. What the request does not send stays as it is.
    private func changed(_ old: DatabaseConfiguration?, by request: Request) throws(CofferError) -> DatabaseConfiguration {
        let fields = request.fields
        guard fields.string("plugin_version")?.isEmpty != false else {
            throw .invalid("plugin_version must be empty: only the built-in plugins exist")
        }
        var new: DatabaseConfiguration
        if let old {
            new = old
            if let plugin = fields.string("plugin_name"), plugin != old.plugin {
                throw .invalid("plugin_name cannot be changed; delete the connection first")
            }
        } else {
            guard let plugin = fields.string("plugin_name"), !plugin.isEmpty else { throw .invalid("missing plugin_name") }
            new = DatabaseConfiguration(plugin: plugin)
        }
        for field in try drivers.plugin(new.plugin).fields where fields.has(field.name) {
            // Numbers, durations and the like are kept as they were sent, because clients expect to read back what they
            // wrote.
            let isText = field.kind == .string
            new.details[field.name] = isText ? fields.any(field.name) : request.body[field.name] ?? fields.any(field.name)
        }
        try new.update(fields)
        if fields.has("password") {
            new.pendingPassword = nil
        } else if let old, !old.password.isEmpty {
            let plugin = try drivers.plugin(new.plugin)
            guard drivers.destination(old.details, plugin) == drivers.destination(new.details, plugin) else {
                // A caller that may change the connection need not know the password, and could have it sent to another
                // server.
                throw .invalid(
                    "the stored password is only used with the server, port and TLS settings that it was given for; "
                        + "to change them, send the password with them")
            }
        }
        return new
    }

    private func reset(_ name: String) async throws {
        guard try await databases.find(name) != nil else { throw Self.unknownConnection(name) }
        drivers.drop(name)
        let (configuration, entry) = try await database(name)
        guard configuration.verifiesConnection else { return }
        try await refusing { try await entry.driver.verifyConnection() }
    }

    private func reload(_ request: Request) async throws -> Response {
        let plugin = try name(request)
        var reloaded: [String] = []
        var failed = 0
        for name in try await storage.list(Listing(prefix: "config/")) {
            do {
                guard try await databases.find(name)?.value.plugin == plugin else { continue }
                try await reset(name)
                reloaded.append(name)
            } catch {
                failed += 1
            }
        }
        var response = Response.data(["connections": .strings(reloaded), "count": .int(reloaded.count)])
        if failed > 0 {
            response.warnings.append("\(failed) connections could not be reopened; they will be retried on next use")
        }
        return response
    }
}
