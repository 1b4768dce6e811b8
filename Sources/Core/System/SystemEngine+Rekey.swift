import Barrier
import EngineKit
import Logging
import Syntax

/// New shares for old: `sys/rekey`, and `sys/rotate/root` and `sys/rotate/recovery`, which today's clients ask. They differ in
/// the shape of their answers alone: a right that one spelling asks for cannot be had for less by another.
extension SystemEngine {
    var rekeyPaths: [EnginePath] {
        rekeyPaths("rekey", .unsealKey, access: quorumAccess) { .bare($0) }
            + rekeyPaths("rekey-recovery-key", .recoveryKey, access: quorumAccess) { .bare($0) }
            + rekeyPaths("rotate/root", .unsealKey, access: .sudo) { .data($0) }
            + [rotateRootPath]
            + rekeyPaths("rotate/recovery", .recoveryKey, access: .sudo) { .data($0) }
            + ["rekey/backup", "rekey/recovery-key-backup", "rotate/root/backup", "rotate/recovery/backup"].map(backupPath)
    }

    private var rotateRootPath: EnginePath {
        EnginePath(
            "rotate/root", "Rotates the root key without key shares.",
            details: "For a seal that unseals automatically. With a Shamir seal the root key is rotated with the shares.",
            access: .sudo,
            endpoints: [
                .update: .init("Put a new root key under the seal.") { _ in
                    try await core.seal.rotateRoot()
                    core.logger.notice("root key rotated")
                    return .empty
                }
            ])
    }

    private func rekeyPaths(
        _ root: String, _ target: RekeyTarget, access: EnginePath.Access,
        answer: @escaping @Sendable (JSONObject) -> Response
    ) -> [EnginePath] {
        // Not required by declaration: the same path is read and deleted, without them.
        let share = [Field("key", .string, "The share."), Field("nonce", .string, "Of the attempt.")]
        return [
            EnginePath(
                PathPattern(root + "/init"), "Starts, shows or cancels the replacement of the key shares.",
                fields: [
                    Field("secret_shares", .int, "How many new shares."),
                    Field("secret_threshold", .int, "How many of them are enough."),
                    Field("require_verification", .bool, default: false, "Ask for the new shares before they count."),
                    Field("pgp_keys", .strings, "Not supported."), Field("backup", .bool, default: false, "Not supported."),
                    Field("nonce", .string, "Of the attempt, to cancel it."),
                ], access: access,
                endpoints: [
                    .read: .init("Progress of the attempt.", changesNothing: true) { _ in
                        answer(try await core.seal.rekeyStatus(target).shown)
                    },
                    .update: .init("Begin.") { request in
                        let count = try ShareCount(
                            shares: request.fields.number("secret_shares"), threshold: request.fields.number("secret_threshold")
                        )
                        let status = try await core.seal.startRekey(
                            target, count, requiresVerification: request.fields.flag("require_verification"),
                            pgpKeys: request.fields.texts("pgp_keys"), backup: request.fields.flag("backup"))
                        return answer(status.shown)
                    },
                    .delete: .init("Cancel.") { request in
                        try await core.seal.cancelRekey(target, nonce: Self.nonEmpty(request.fields.string("nonce")))
                        return .empty
                    },
                ]),
            EnginePath(
                PathPattern(root + "/update"), "Takes one of the old key shares.", fields: share, access: access,
                endpoints: [
                    .update: .init("Give a share.") { request in
                        let progress = try await core.seal.updateRekey(
                            target, share: request.fields.text("key"), nonce: request.fields.text("nonce"))
                        return answer(progress.shown)
                    }
                ]),
            EnginePath(
                PathPattern(root + "/verify"), "Takes the new key shares, to confirm that they work.", fields: share,
                access: access,
                endpoints: [
                    .read: .init("Progress of the attempt.", changesNothing: true) { _ in
                        answer(try await core.seal.rekeyVerification(target).shown)
                    },
                    .update: .init("Give a new share.") { request in
                        let status = try await core.seal.verifyRekey(
                            target, share: request.fields.text("key"), nonce: request.fields.text("nonce"))
                        return answer(status.isComplete ? ["nonce": .string(status.nonce), "complete": true] : status.shown)
                    },
                    .delete: .init("Start the verification again.") { _ in
                        answer(try await core.seal.restartRekeyVerification(target).shown)
                    },
                ]),
        ]
    }

    /// Shares are kept on the server only when they are encrypted for their holders with PGP, which is not supported.
    private func backupPath(_ path: String) -> EnginePath {
        EnginePath(
            PathPattern(path), "Encrypted backup shares; this server keeps none.", access: .sudo,
            endpoints: [
                .read: .init("Read the kept shares.", changesNothing: true) { _ in
                    throw CofferError.invalid("no backed-up keys found")
                },
                .delete: .init("Delete the kept shares.") { _ in .empty },
            ])
    }
}
