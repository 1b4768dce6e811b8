import Audit
import EngineKit
import Logging
import Records
import Synchronization
import Syntax

/// The request headers that the audit records, as `sys/config/auditing/request-headers` sets them. Empty by default.
final class AuditHeaderRules: Sendable {
    private static let key = "sys/audit-headers"
    static let rulesMax = 100
    static let nameBytesMax = 128

    private let storage: any Storage
    private let logger: Logger
    /// Whether each header's value is recorded as an HMAC, by its name in lower case.
    private let rules = UnfairLock<[String: Bool]>([:])
    private let isAny = Atomic(false)
    private let hasDamage = Atomic(false)
    private let writers = WriterQueues()
    private let reloads = WriterQueues()

    init(storage: any Storage, logger: Logger) {
        self.storage = storage
        self.logger = logger
    }

    /// Whether the stored rules cannot be read. No headers are recorded then.
    var isDamaged: Bool { hasDamage.load(ordering: .relaxed) }

    /// The rules: whether each header's value is recorded as an HMAC, by its name in lower case.
    var all: [String: Bool] { rules.withLock { $0 } }

    /// Reads the rules from the store. Damaged ones are logged and replaced by none.
    func load() async throws { try await reloads.inTurn(Self.key) { try await read() } }

    private func read() async throws(StorageError) {
        do throws(StorageError) {
            guard let record = try await storage.get(Self.key) else { return install([:]) }
            guard let object = (try? JSON(parsing: record.value))?.objectValue else { throw .corrupted(key: Self.key) }
            install(Dictionary(object.map { ($0.key, $0.value.boolValue ?? true) }) { first, _ in first })
        } catch {
            guard case .corrupted(let key) = error else { throw error }
            logger.error(
                "the stored list of audited headers is damaged, so no headers are recorded: set them again at sys/config/auditing/request-headers",
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

    /// Returns the headers to record; the values of headers with the same name are combined.
    func recorded(of headers: [(name: String, value: String)]) -> [AuditRequest.Header] {
        guard isAny.load(ordering: .relaxed) else { return [] }
        let rules = all
        var found: [AuditRequest.Header] = []
        for (name, value) in headers {
            guard let isHashed = rules[name] else { continue }
            if let index = found.firstIndex(where: { $0.name == name }) {
                found[index].values.append(value)
            } else {
                found.append(AuditRequest.Header(name: name, values: [value], isClear: !isHashed && !Self.mayCarryCredential(name)))
            }
        }
        return found
    }

    /// Records a header from now on. Throws if a header that may carry a credential would be recorded in the clear, or if there are
    /// too many rules.
    func set(_ name: String, isHashed: Bool) async throws {
        guard isHashed || !Self.mayCarryCredential(name) else {
            throw CofferError.invalid("this header may carry a credential, so it is recorded only as an HMAC; set hmac=true")
        }
        try await change { rules in
            guard rules[name] != nil || rules.count < Self.rulesMax else {
                throw CofferError(.tooLarge, "there are \(Self.rulesMax) header rules, which is the limit; delete one first")
            }
            rules[name] = isHashed
        }
    }

    /// Stops recording a header. Does nothing if it was not recorded.
    func remove(_ name: String) async throws { try await change { $0[name] = nil } }

    private func change(_ body: @Sendable (inout [String: Bool]) throws -> Void) async throws {
        try await writers.inTurn(Self.key) {
            var changed = all
            try body(&changed)
            try await changeAndLoad {
                try await storage.put(Self.key, JSONObject(sorting: changed) { .bool($0) }.encoded())
            } load: {
                try await load()
            }
        }
    }

    private static func mayCarryCredential(_ name: String) -> Bool {
        ["token", "key", "secret", "auth", "cookie", "password", "credential", "mfa"].contains { name.containsUTF8($0) }
    }

    /// Returns the header name in lower case, or nil if the text is not a valid header name (a token of RFC 9110).
    static func name(_ text: String) -> String? {
        guard (1...nameBytesMax).contains(text.utf8.count), text.utf8.allSatisfy(isTokenByte) else { return nil }
        return text.lowercased()
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
