import Audit
import EngineKit
import Logging
import Records
import Synchronization
import Syntax

/// Which request headers go on record, as `sys/config/auditing/request-headers` sets it. None at first.
final class AuditHeaderRules: Sendable {
    private static let key = "sys/audit-headers"
    static let rulesMax = 100
    static let nameBytesMax = 128

    private let storage: any Storage
    private let logger: Logger
    /// Whether a value is written as an HMAC, by lower-case name.
    private let rules = UnfairLock<[String: Bool]>([:])
    private let isAny = Atomic(false)
    private let hasDamage = Atomic(false)
    private let lines = WriterQueues()
    private let reloads = WriterQueues()

    init(storage: any Storage, logger: Logger) {
        self.storage = storage
        self.logger = logger
    }

    /// Whether the stored list cannot be read, so that no headers go on record.
    var isDamaged: Bool { hasDamage.load(ordering: .relaxed) }

    var all: [String: Bool] { rules.withLock { $0 } }

    func load() async throws { try await reloads.inTurn(Self.key) { try await read() } }

    private func read() async throws(StorageError) {
        do throws(StorageError) {
            guard let record = try await storage.get(Self.key) else { return install([:]) }
            guard let object = (try? JSON(parsing: record.value))?.objectValue else { throw .corrupted(key: Self.key) }
            install(Dictionary(object.map { ($0.key, $0.value.boolValue ?? true) }) { first, _ in first })
        } catch {
            guard case .corrupted(let key) = error else { throw error }
            logger.error(
                "the list of audited headers is damaged: no headers are recorded until one is set again",
                metadata: ["record": "\(key)"])
            install([:])
            hasDamage.store(true, ordering: .relaxed)
        }
    }

    private func install(_ changed: [String: Bool]) {
        rules.withLock { $0 = changed }
        isAny.store(!changed.isEmpty, ordering: .relaxed)
        hasDamage.store(false, ordering: .relaxed)
    }

    /// Values of the same header together.
    func recorded(of headers: [(name: String, value: String)]) -> [AuditRequest.Header] {
        guard isAny.load(ordering: .relaxed) else { return [] }
        let rules = all
        var found: [AuditRequest.Header] = []
        for (name, value) in headers {
            guard let isHashed = rules[name] else { continue }
            if let index = found.firstIndex(where: { $0.name == name }) {
                found[index].values.append(value)
            } else {
                found.append(AuditRequest.Header(name: name, values: [value], isClear: !isHashed))
            }
        }
        return found
    }

    func set(_ name: String, isHashed: Bool) async throws {
        guard isHashed || !Self.mayCarryCredential(name) else {
            throw CofferError.invalid("a header that may carry a credential is recorded only with hmac=true")
        }
        try await change { rules in
            guard rules[name] != nil || rules.count < Self.rulesMax else {
                throw CofferError(.tooLarge, "there may be \(Self.rulesMax) header rules")
            }
            rules[name] = isHashed
        }
    }

    func remove(_ name: String) async throws { try await change { $0[name] = nil } }

    private func change(_ body: @Sendable (inout [String: Bool]) throws -> Void) async throws {
        try await lines.inTurn(Self.key) {
            var changed = all
            try body(&changed)
            var batch = Batch()
            batch.put(
                Self.key,
                JSON.object(JSONObject(changed.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .bool($0.value)) }))
                    .encoded())
            try await storage.commit(batch)
            try await load()
        }
    }

    private static func mayCarryCredential(_ name: String) -> Bool {
        ["token", "key", "secret", "auth", "cookie", "password", "credential"].contains { name.containsUTF8($0) }
    }

    /// The one form of a header's name; nil when it is none.
    static func name(_ text: String) -> String? {
        guard (1...nameBytesMax).contains(text.utf8.count), text.utf8.allSatisfy(isTokenByte) else { return nil }
        return text.lowercased()
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
