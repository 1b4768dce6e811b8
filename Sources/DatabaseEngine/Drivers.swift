import DatabaseClients
import Databases
import EngineKit
import Records
import Synchronization
import Syntax

/// The open drivers of a mount, one for each configured database, each made from the record as it was last read.
final class Drivers: Sendable {
    struct Entry: Sendable {
        var driver: any DatabaseDriver
        var plugin: DatabasePlugin
        var template: UsernameTemplate
        fileprivate var version: UInt64
    }

    let plugins: [String: DatabasePlugin]
    private let time: any TimeSource
    private let entries = Mutex<[String: Entry]>([:])

    private static let countMax = 512

    init(plugins: [DatabasePlugin], time: any TimeSource) {
        self.plugins = Dictionary(plugins.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        self.time = time
    }

    func plugin(_ name: String) throws(CofferError) -> DatabasePlugin {
        guard let plugin = plugins[name] else {
            throw .invalid("unknown plugin_name; the plugins are \(plugins.keys.sorted().joined(separator: ", "))")
        }
        return plugin
    }

    func entry(_ name: String, _ found: RecordTable<DatabaseConfiguration>.Found) throws -> Entry {
        if let entry = entries.withLock({ $0[name] }), entry.version == found.version { return entry }
        let entry = try make(found.value, version: found.version)
        let old = entries.withLock { entries in
            var old = [entries.updateValue(entry, forKey: name)]
            if entries.count > Self.countMax, let other = entries.keys.first(where: { $0 != name }) {
                old.append(entries.removeValue(forKey: other))
            }
            return old.compactMap { $0 }
        }
        for entry in old { entry.driver.close() }
        return entry
    }

    /// Creates a driver that is not kept. The caller closes it.
    func make(_ configuration: DatabaseConfiguration, password: String? = nil, version: UInt64 = 0) throws -> Entry {
        let plugin = try plugin(configuration.plugin)
        do throws(DatabaseError) {
            let template = try UsernameTemplate(
                configuration.usernameTemplate.isEmpty ? plugin.usernameTemplate : configuration.usernameTemplate)
            let driver = try plugin.driver(
                DriverSettings(
                    details: try Self.read(configuration.details, plugin), username: configuration.username,
                    password: password ?? configuration.password, time: time))
            return Entry(driver: driver, plugin: plugin, template: template, version: version)
        } catch {
            throw CofferError(error)
        }
    }

    /// Returns the details with the types of their declared fields. They are stored as they were sent, for example a number
    /// in quotes.
    private static func read(_ details: JSONObject, _ plugin: DatabasePlugin) throws(DatabaseError) -> JSONObject {
        do throws(CofferError) {
            let fields = try Fields(validating: details, as: plugin.fields)
            var read = details
            for field in plugin.fields where fields.has(field.name) { read[field.name] = fields.any(field.name) }
            return read
        } catch {
            throw .invalid(error.messages.joined(separator: "; "))
        }
    }

    /// Returns the details that decide which server gets the password, as the driver reads them: a port in quotes is the
    /// same port.
    func destination(_ details: JSONObject, _ plugin: DatabasePlugin) -> JSONObject {
        plugin.destination((try? Self.read(details, plugin)) ?? details)
    }

    func drop(_ name: String) { entries.withLock { $0.removeValue(forKey: name) }?.driver.close() }

    func prune() { for entry in entries.withLock({ Array($0.values) }) { entry.driver.prune() } }
}
