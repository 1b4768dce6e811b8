@testable import Core
import EngineKit
import Records
import Logging
import Syntax
import TestSupport

extension Golden {
    static let ofCore: [Golden] =
        [
            Golden("mounts") { bytes in
                let rows = try required(JSON(parsing: bytes).arrayValue)
                return MountTable.encode(try rows.map { try required(MountEntry(stored: $0)) })
            },
            Golden("login-pending") { try required(PendingLogin(decoding: $0)).encoded() },
            Golden("key-rotation") { try required(KeyRotation(stored: JSON(parsing: $0))).stored.encoded() },
            Golden("quota") { try required(RateLimitQuota(stored: JSON(parsing: $0))).stored.encoded() },
            Golden("quota-configuration") { bytes in
                JSON.object(try required(QuotaConfiguration(stored: JSON(parsing: bytes))).shown).encoded()
            },
            Golden("token-role") { bytes in
                try required(TokenRole(stored: required(JSON(parsing: bytes).objectValue))).shown.encoded()
            },
            Golden("clock") { bytes in
                let storage = try await MemoryStorage.holding([ClockGuard.key: bytes])
                let time = ManualTime(goldenMoment.adding(seconds: -1_000))
                let watch = ClockGuard(time: time, logger: Logger(label: "golden"))
                try await watch.restore(from: storage, acceptsEarlier: false)
                guard time.now() == goldenMoment else { throw Unreadable() }
                try await watch.store(storage, always: true)
                return try await storage.bytes(ClockGuard.key)
            },
            Golden("audit-headers") { bytes in
                let storage = try await MemoryStorage.holding(["sys/audit-headers": bytes])
                let rules = AuditHeaderRules(storage: storage, logger: Logger(label: "golden"))
                try await rules.load()
                try await rules.set("x-passing", isHashed: true)
                try await rules.remove("x-passing")
                return try await storage.bytes("sys/audit-headers")
            },
            Golden("policy") { bytes in
                let storage = try await MemoryStorage.holding(["sys/policy/a": bytes])
                let policies = PolicyStore(storage: storage)
                try await policies.write("b", text: try required(await policies.text("a")))
                return try await storage.bytes("sys/policy/b")
            },
            Golden("password-policy") { bytes in
                let storage = try await MemoryStorage.holding(["sys/password-policy/a": bytes])
                let policies = PasswordPolicyStore(storage: storage, randomness: SeededRandomness(seed: 1))
                try await policies.write("b", text: try required(await policies.text("a")))
                return try await storage.bytes("sys/password-policy/b")
            },
        ]
        + ["wrapped-data", "wrapped-login", "wrapped-bare"].map { name in
            Golden(name) { WrappedResponse.encode(try WrappedResponse($0).response) }
        }
}
