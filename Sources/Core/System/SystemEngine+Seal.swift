import Barrier
import EngineKit
import Lifetimes
import Syntax

extension SystemEngine {
    var sealPaths: [EnginePath] {
        [
            EnginePath(
                "seal", "Seals the server.", access: .sudo,
                endpoints: [
                    .update: .init("Forget every key until the next unseal.") { _ in
                        var response = Response.empty
                        response.afterRecording = { [core] in await core.close() }
                        return response
                    }
                ]),
            EnginePath(
                "ha-status", "Lists the nodes of the cluster.",
                endpoints: [
                    .read: .init("List the nodes.", changesNothing: true) { _ in
                        .data(["nodes": .array(nodes)])
                    }
                ]),
            EnginePath(
                "step-down", "Gives up leadership.", access: .sudo,
                endpoints: [
                    .update: .init("Let another node lead; a single node goes on.") { _ in
                        core.stepDown()
                        return .empty
                    }
                ]),
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

    var keyPaths: [EnginePath] {
        [
            EnginePath(
                "key-status", "Returns the encryption key in use.",
                endpoints: [
                    .read: .init("Read the key's term and age.", changesNothing: true) { _ in
                        let status = try core.seal.keyStatus()
                        return .data([
                            "term": .int(status.term), "install_time": .string(status.installed.description),
                            "encryptions": .int(status.encryptions),
                        ])
                    }
                ])
        ] + rotationPaths
    }

    // MARK: generate-root

    /// The old protocol asks for no token here, which lets anybody occupy or cancel an attempt.
    var quorumAccess: EnginePath.Access { core.settings.allowsUnauthenticatedRekey ? .unauthenticated : .sudo }

    /// At the path of today, as data, and at the one that older clients ask, bare.
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
                        "otp", .string, "One-time password of 24 to 64 bytes, by which the token is masked; made here if left out."),
                    Field("pgp_key", .string, "Not supported."),
                ],
                access: access,
                endpoints: [
                    .read: .init("Progress of the attempt.", changesNothing: true) { _ in
                        answer(try await core.seal.rootGenerationStatus(otpLength: TokenFormat.serviceLength).shown)
                    },
                    .update: .init("Begin.") { request in
                        answer(
                            try await core.seal.startRootGeneration(
                                otp: Self.nonEmpty(request.fields.string("otp")), otpLength: TokenFormat.serviceLength,
                                pgpKey: Self.nonEmpty(request.fields.string("pgp_key"))
                            ).shown)
                    },
                    .delete: .init("Cancel.") { _ in
                        await core.seal.cancelRootGeneration()
                        return .empty
                    },
                ]),
            EnginePath(
                PathPattern(root + "/update"), "Takes one key share for a root token.",
                fields: [
                    Field("key", .string, required: true, "The share."), Field("nonce", .string, required: true, "Of the attempt."),
                ], access: access,
                endpoints: [
                    .update: .init("Give a share.") { request in
                        let status = try await core.seal.updateRootGeneration(
                            share: request.fields.text("key"), nonce: request.fields.text("nonce")
                        ) { try await core.makeRootToken(length: $0) }
                        return answer(status.shown)
                    }
                ]),
        ]
    }

    static func nonEmpty(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}
