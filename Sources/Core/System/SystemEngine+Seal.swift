import Barrier
import EngineKit
import Lifetimes
import Syntax

extension SystemEngine {
    var sealPaths: [EnginePath] {
        [
            EnginePath(
                "seal", "Close the server.", access: .sudo,
                endpoints: [
                    .update: .init("Forget every key until the next unseal.") { _ in
                        var response = Response.empty
                        response.afterRecording = { [core] in await core.close() }
                        return response
                    }
                ]),
            EnginePath(
                "ha-status", "The nodes of the cluster.",
                endpoints: [
                    .read: .init("List the nodes.", changesNothing: true) { _ in
                        .data(["nodes": .array(nodes)])
                    }
                ]),
            EnginePath(
                "step-down", "Give up leadership.", access: .sudo,
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
                "key-status", "The encryption key in use.",
                endpoints: [
                    .read: .init("Read the key's term and age.", changesNothing: true) { _ in
                        let status = try core.seal.keyStatus()
                        return .data([
                            "term": .int(status.term), "install_time": .string(status.installed.description),
                            "encryptions": .int(status.encryptions),
                        ])
                    }
                ]),
            EnginePath(
                "rotate", "A new encryption key.", access: .sudo,
                endpoints: [
                    .update: .init("Seal with a new key from now on, and re-seal older records.") { _ in
                        _ = try await core.seal.rotate()
                        core.resealInBackground()
                        return .empty
                    }
                ]),
        ]
    }

    // MARK: generate-root

    /// The old protocol asks for no token here, which lets anybody occupy or cancel an attempt.
    private var quorumAccess: EnginePath.Access { core.settings.allowsUnauthenticatedRekey ? .unauthenticated : .sudo }

    var generateRootPaths: [EnginePath] {
        [
            EnginePath(
                "generate-root/attempt", "A root token by the holders of the shares.",
                fields: [Field("otp", .string, "One-time password."), Field("pgp_key", .string, "Not supported.")],
                access: quorumAccess,
                endpoints: [
                    .read: .init("How far it is.", changesNothing: true) { _ in
                        .bare(try await core.seal.rootGenerationStatus(otpLength: TokenFormat.serviceLength).shown)
                    },
                    .update: .init("Begin.") { request in
                        .bare(
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
                "generate-root/update", "One share for a root token.",
                fields: [
                    Field("key", .string, required: true, "The share."), Field("nonce", .string, required: true, "Of the attempt."),
                ], access: quorumAccess,
                endpoints: [
                    .update: .init("Give a share.") { request in
                        let status = try await core.seal.updateRootGeneration(
                            share: request.fields.string("key") ?? "", nonce: request.fields.string("nonce") ?? ""
                        ) { try await core.makeRootToken() }
                        return .bare(status.shown)
                    }
                ]),
        ]
    }

    private static func nonEmpty(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    // MARK: rekey

    var rekeyPaths: [EnginePath] {
        rekeyPaths("rekey", .unsealKey) + rekeyPaths("rekey-recovery-key", .recoveryKey)
    }

    private func rekeyPaths(_ root: String, _ target: RekeyTarget) -> [EnginePath] {
        let share = [
            Field("key", .string, required: true, "The share."), Field("nonce", .string, required: true, "Of the attempt."),
        ]
        return [
            EnginePath(
                PathPattern(root + "/init"), "New shares for old.",
                fields: [
                    Field("secret_shares", .int, "How many new shares."),
                    Field("secret_threshold", .int, "How many of them are enough."),
                    Field("require_verification", .bool, default: false, "Ask for the new shares before they count."),
                    Field("pgp_keys", .strings, "Not supported."), Field("backup", .bool, default: false, "Not supported."),
                    Field("nonce", .string, "Of the attempt, to cancel it."),
                ], access: quorumAccess,
                endpoints: [
                    .read: .init("How far it is.", changesNothing: true) { _ in .bare(try await core.seal.rekeyStatus(target).shown)
                    },
                    .update: .init("Begin.") { request in
                        let count = try ShareCount(
                            shares: request.fields.int("secret_shares") ?? 0, threshold: request.fields.int("secret_threshold") ?? 0
                        )
                        let status = try await core.seal.startRekey(
                            target, count, requiresVerification: request.fields.bool("require_verification") ?? false,
                            pgpKeys: request.fields.strings("pgp_keys") ?? [], backup: request.fields.bool("backup") ?? false)
                        return .bare(status.shown)
                    },
                    .delete: .init("Cancel.") { request in
                        try await core.seal.cancelRekey(target, nonce: Self.nonEmpty(request.fields.string("nonce")))
                        return .empty
                    },
                ]),
            EnginePath(
                PathPattern(root + "/update"), "One old share.", fields: share, access: quorumAccess,
                endpoints: [
                    .update: .init("Give a share.") { request in
                        let progress = try await core.seal.updateRekey(
                            target, share: request.fields.string("key") ?? "", nonce: request.fields.string("nonce") ?? "")
                        return .bare(progress.shown)
                    }
                ]),
            EnginePath(
                PathPattern(root + "/verify"), "New shares, to show that they work.", fields: share, access: quorumAccess,
                endpoints: [
                    .read: .init("How far it is.", changesNothing: true) { _ in
                        .bare(try await core.seal.rekeyVerification(target).shown)
                    },
                    .update: .init("Give a new share.") { request in
                        let status = try await core.seal.verifyRekey(
                            target, share: request.fields.string("key") ?? "", nonce: request.fields.string("nonce") ?? "")
                        return .bare(status.isComplete ? ["nonce": .string(status.nonce), "complete": true] : status.shown)
                    },
                    .delete: .init("Start the verification again.") { _ in
                        .bare(try await core.seal.restartRekeyVerification(target).shown)
                    },
                ]),
        ]
    }
}
