import Core
import EngineKit
import LoginGuards
import Synchronization
import Syntax

/// A secrets engine with routes that need no token, take bytes and answer bytes, as an engine for certificates has.
struct OpenEngine: SecretsEngine, LockingEngine {
    static let bytesMax = 64

    static let description: EngineDescription = {
        var description = EngineDescription(type: "open", summary: "For tests.", locksNames: true) { OpenEngine($0) }
        description.aliases = [.init("opened", options: ["by": "an alias"])]
        description.apiName = { _ in "open-api" }
        return description
    }()

    private let lockouts: Lockouts

    init(_ context: MountContext) {
        lockouts = Lockouts(storage: context.storage, time: context.time, rules: context.lockout) { name in
            Hex.encode(Array(name.utf8).prefix(4))
        }
    }

    var paths: [EnginePath] {
        [
            EnginePath("ca", "A certificate.", access: .unauthenticated)
                .reading("Read it.", answers: "application/pkix-cert") { _ in
                    .raw([0x30, 0x00, 0xFF], contentType: "application/pkix-cert")
                },
            EnginePath("check", "A question in bytes.", access: .unauthenticated)
                .updating("Ask.", changesNothing: true, takes: .bytes(max: Self.bytesMax)) { request in
                    .raw(Array((request.rawBody?.bytes ?? []).reversed()), contentType: request.rawBody?.contentType ?? "")
                },
            EnginePath("upload/{name}", "Bytes that a caller stores.", fields: [Field("size", .int, "Not read.")])
                .updating("Store.", takes: .bytes(max: Self.bytesMax)) { request in
                    .data([
                        "length": .int(request.rawBody?.bytes.count ?? -1),
                        "caller": .string(request.caller?.displayName ?? ""),
                        "fields": .bool(request.fields.has("size")), "body": .object(request.body),
                    ])
                },
            EnginePath("stream", "Bytes that are made while they are sent.")
                .reading("Read them.") { _ in
                    .stream(StreamedContent(contentType: "application/gzip", length: 9) { nil })
                },
            EnginePath("late", "Says only when it answers that it is not JSON.")
                .reading("Read it.", changesNothing: false) { _ in .raw([1], contentType: "a/b") },
            EnginePath(
                "enter/{name}", "A door.", fields: [Field("secret", .string, "The secret.")], access: .unauthenticated
            )
            .updating("Enter.") { try await enter($0) },
            EnginePath("thing", "Something that is there or not.", access: .unauthenticated, exists: { _ in false })
                .updating("Change it.") { .data(["by": .string($0.operation.rawValue)]) },
        ]
    }

    private func enter(_ request: Request) async throws -> Response {
        let name = request.captures["name"]
        guard try await !lockouts.isLocked(name) else { throw CofferError.denied }
        guard request.fields.string("secret") == "open sesame" else {
            try await lockouts.fail(name, isAccount: true)
            throw CofferError.denied
        }
        return .data(["inside": true])
    }

    func lockedNames() async throws -> [String] { try await lockouts.locked() }
    func unlock(_ name: String) async throws { try await lockouts.unlock(name) }
}
