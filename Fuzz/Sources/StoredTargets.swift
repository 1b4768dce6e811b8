// Records and what else an engine reads: internal to their rooms.
@testable import ConnectionsEngine
import DatabaseClients
@testable import DatabaseEngine
@testable import Databases
import EngineKit
@testable import KVEngine
import Outbound
import Syntax

/// What is read is written to the same bytes, and changing it does not trap.
func fuzzKV(_ bytes: UnsafeRawBufferPointer) {
    let record = Array(bytes)
    _ = try? ArchiveRecord.decode(record, version: 1, key: "k")
    _ = try? PlainRecord(decoding: record, key: "k")
    if let settings = try? KVMountSettings(decoding: record, key: "k") {
        precondition(settings.encoded() == record, "settings are not written as they were read")
    }
    guard let head = try? Head(decoding: record, key: "k") else { return }
    precondition(head.encoded() == record, "a secret is not written as it was read")
    _ = (head[0], head[head.current], head[.max], head.first, KVMountSettings().versionsMax(for: head))
    _ = head.versions.map { ($0.created.description, $0.deletion?.description) }
    guard var edit = try? HeadEdit(path: "a", record: StoredRecord(value: record, version: 1)) else { return }
    let now = Timestamp(seconds: 1_800_000_000)
    edit.delete([1, 2, .max, .min], at: now)
    edit.undelete([1])
    edit.destroy([1, 3])
    try? edit.add(Head.Version(created: now, author: "a"), data: [0x7B, 0x7D], versionsMax: 2)
    _ = edit.finished
    edit.remove()
}

/// A provider's answer, whatever it is: lives are never negative and never beyond their bound.
func fuzzOAuth(_ bytes: UnsafeRawBufferPointer) {
    guard let profile = PlatformCatalog.builtIn.names.first.flatMap({ PlatformCatalog.builtIn[$0] }) else { return }
    let now = 1_800_000_000
    for type in ["application/json", "application/x-www-form-urlencoded", ""] {
        let reply = OutboundReply(status: 200, contentType: type, body: Array(bytes))
        guard case .granted(let answer) = TokenReading(profile: profile, now: now).outcome(reply) else { continue }
        precondition((answer.lifetime ?? 0) >= 0 && now + (answer.lifetime ?? 0) < 9_000_000_000, "a life beyond its bound")
    }
    if let text = String(validating: bytes, as: UTF8.self), let moment = UnixTime.seconds(.string(text)) {
        _ = UnixTime.text(moment)
    }
    if let grant = Grant(decoding: Array(bytes)) { precondition(Grant(decoding: grant.encoded()) == grant) }
}

/// A connection_url brings no file, no service and no option of libpq with it, and never shows its password.
func fuzzPostgresURL(_ bytes: UnsafeRawBufferPointer) {
    guard let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(0) else { return }
    _ = PostgresTarget.masked(text)
    guard let target = try? PostgresTarget(url: text, username: "u", password: "canary") else { return }
    for keyword in ["passfile", "sslkey", "service", "options", "servicefile"] {
        let value = target.parameters[keyword]
        precondition(value == nil || value == "/dev/null", "a connection_url reaches for this machine")
    }
    precondition(PostgresTarget.destination(text) != nil)
}

/// No rule is two words, and none sets a password or switches the user.
func fuzzRedisRules(_ bytes: UnsafeRawBufferPointer) {
    guard let text = String(validating: bytes, as: UTF8.self), let rules = try? RedisRules.parse([text]) else { return }
    for rule in rules {
        precondition(!rule.utf8.contains { $0 < 0x20 || $0 == 0x7F } && !rule.isEmpty)
        precondition(!"><#!".utf8.contains(rule.utf8.first ?? 0), "a rule sets a password")
    }
}

/// Statements, schedules and names of users: read or refused, and a value never leaves its quotes.
func fuzzDatabaseTexts(_ bytes: UnsafeRawBufferPointer) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    if let script = try? SQLScript.statements([text]) {
        let values = SQLSubstitution(name: "v-a-b", password: "p'\"\\$$;--", expiration: "2026-01-01 00:00:00+0000")
        for statement in script { _ = try? values.apply(to: statement) }
    }
    if let schedule = try? CronSchedule(text) { _ = schedule.next(after: Timestamp(seconds: 1_800_000_000)) }
    if let template = try? UsernameTemplate(text) {
        let context = UsernameTemplate.Context(displayName: "d", roleName: "r", time: Timestamp(seconds: 1_800_000_000))
        let name = try? template.make(context, randomness: SystemRandomness(), bytesMax: 63)
        precondition((name?.utf8.count ?? 0) <= 63, "a name is longer than the database takes")
    }
}
