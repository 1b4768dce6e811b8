import Barrier
import EngineKit
import Lifetimes
import Syntax

extension SystemEngine {
    /// The paths that seal the server and manage the cluster.
    var sealPaths: [EnginePath] {
        [
            EnginePath("seal", "Seals the server.", access: .sudo)
                .updating("Discard all keys until the next unseal.") { _ in
                    var response = Response.empty
                    response.afterRecording = { [core] in await core.close() }
                    return response
                },
            EnginePath("ha-status", "Lists the nodes of the cluster.")
                .reading("List the nodes.") { _ in .data(["nodes": .array(nodes)]) },
            EnginePath("step-down", "Gives up leadership.", access: .sudo)
                .updatingWithoutAnswer("Let another node lead; has no effect on a single node.") { _ in core.stepDown() },
        ]
    }

    private var nodes: [JSON] {
        guard let cluster = core.environment.cluster else {
            return [
                [
                    "hostname": .string(core.settings.nodeID), "api_address": .string(core.settings.apiAddress),
                    "cluster_address": .string(core.settings.clusterAddress), "active_node": true, "last_echo": .null,
                    "version": .string(core.settings.version),
                ]
            ]
        }
        return cluster.nodes.map { node in
            [
                "hostname": .string(node.name), "api_address": .string(node.address),
                "cluster_address": .string(node.clusterAddress), "active_node": .bool(node.isLeader),
                "last_echo": .string(node.lastSeen.description), "version": .string(core.settings.version),
            ]
        }
    }

    /// The paths of the encryption key.
    var keyPaths: [EnginePath] {
        [
            EnginePath("key-status", "Returns the encryption key in use.")
                .reading("Read the key's term and age.") { _ in
                    let status = try core.seal.keyStatus()
                    return .data([
                        "term": .int(status.term), "install_time": .string(status.installed.description),
                        "encryptions": .int(status.encryptions),
                    ])
                }
        ] + rotationPaths
    }

    // MARK: generate-root

    /// The access to paths that a quorum of share holders uses. The early protocol needs no token, which lets anyone start or
    /// cancel an attempt, so it has to be configured.
    var quorumAccess: EnginePath.Access { core.settings.allowsUnauthenticatedRekey ? .unauthenticated : .sudo }

    /// The paths that generate a root token: the current spelling, with answers under `data`, and the one of older clients,
    /// without.
    var generateRootPaths: [EnginePath] {
        generateRootPaths("generate-root", access: quorumAccess) { .bare($0) }
            + generateRootPaths("generate-root-token", access: .sudo) { .data($0) }
    }

    private func generateRootPaths(
        _ root: String, access: EnginePath.Access, answer: @escaping @Sendable (JSONObject) -> Response
    ) -> [EnginePath] {
        [
            EnginePath(
                PathPattern(root + "/attempt"), "Generates a root token with the shares of the unseal key or the recovery key.",
                fields: [
                    Field(
                        "otp", .string, "One-time password of 24 to 64 bytes that masks the token; generated if left out."),
                    Field("pgp_key", .string, "Not supported."),
                ],
                access: access
            )
            .reading("Read the progress.") { _ in
                answer(try await core.seal.rootGenerationStatus(otpLength: TokenFormat.serviceLength).shown)
            }
            .updating("Start an attempt.") { request in
                answer(
                    try await core.seal.startRootGeneration(
                        otp: Self.nonEmpty(request.fields.string("otp")), otpLength: TokenFormat.serviceLength,
                        pgpKey: Self.nonEmpty(request.fields.string("pgp_key"))
                    ).shown)
            }
            .deleting("Cancel the attempt.") { _ in await core.seal.cancelRootGeneration() },
            EnginePath(
                PathPattern(root + "/update"), "Takes one key share for a root token.",
                fields: [
                    Field("key", .string, required: true, "One key share."),
                    Field("nonce", .string, required: true, "Nonce of the attempt."),
                ], access: access
            )
            .updating("Enter a share.") { request in
                let status = try await core.seal.updateRootGeneration(
                    share: request.fields.text("key"), nonce: request.fields.text("nonce")
                ) { try await core.makeRootToken(length: $0) }
                return answer(status.shown)
            },
        ]
    }

    /// Returns the text, or nil if it is empty.
    static func nonEmpty(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}
