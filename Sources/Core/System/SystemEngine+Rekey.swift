import Barrier
import EngineKit
import Logging
import Syntax

/// Replacing the key shares, at `sys/rekey` and, for current clients, at `sys/rotate/root` and `sys/rotate/recovery`. The spellings
/// differ only in the shape of the answers, so none of them may need fewer rights than the others.
extension SystemEngine {
    /// The paths that replace key shares and root keys.
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
            details: "Needs a seal that unseals automatically. A Shamir seal rotates the root key with its shares.",
            access: .sudo
        )
        .updatingWithoutAnswer("Rotate the root key.") { _ in
            try await core.seal.rotateRoot()
            core.logger.notice("root key rotated")
        }
    }

    private func rekeyPaths(
        _ root: String, _ target: RekeyTarget, access: EnginePath.Access,
        answer: @escaping @Sendable (JSONObject) -> Response
    ) -> [EnginePath] {
        // The fields are optional because reads and deletions of the path have none.
        let share = [Field("key", .string, "One key share."), Field("nonce", .string, "Nonce of the attempt.")]
        return [
            EnginePath(
                PathPattern(root + "/init"), "Starts, shows or cancels the replacement of the key shares.",
                fields: [
                    Field("secret_shares", .int, "Number of new shares."),
                    Field("secret_threshold", .int, "Number of new shares that form a quorum."),
                    Field(
                        "require_verification", .bool, default: false,
                        "Whether the new shares take effect only after a quorum of them was entered."),
                    Field("pgp_keys", .strings, "Not supported."), Field("backup", .bool, default: false, "Not supported."),
                    Field("nonce", .string, "Nonce of the attempt to cancel."),
                ], access: access
            )
            .reading("Read the progress.") { _ in answer(try await core.seal.rekeyStatus(target).shown) }
            .updating("Start an attempt.") { request in
                let count = try ShareCount(
                    shares: request.fields.number("secret_shares"), threshold: request.fields.number("secret_threshold")
                )
                let status = try await core.seal.startRekey(
                    target, count, requiresVerification: request.fields.flag("require_verification"),
                    pgpKeys: request.fields.texts("pgp_keys"), backup: request.fields.flag("backup"))
                return answer(status.shown)
            }
            .deleting("Cancel the attempt.") { request in
                try await core.seal.cancelRekey(target, nonce: Self.nonEmpty(request.fields.string("nonce")))
            },
            EnginePath(PathPattern(root + "/update"), "Takes one of the old key shares.", fields: share, access: access)
                .updating("Enter a share.") { request in
                    let progress = try await core.seal.updateRekey(
                        target, share: request.fields.text("key"), nonce: request.fields.text("nonce"))
                    return answer(progress.shown)
                },
            EnginePath(
                PathPattern(root + "/verify"), "Takes one of the new key shares, to verify them.", fields: share,
                access: access
            )
            .reading("Read the progress.") { _ in answer(try await core.seal.rekeyVerification(target).shown) }
            .updating("Enter a new share.") { request in
                let status = try await core.seal.verifyRekey(
                    target, share: request.fields.text("key"), nonce: request.fields.text("nonce"))
                return answer(status.isComplete ? ["nonce": .string(status.nonce), "complete": true] : status.shown)
            }
            .adding(
                .delete,
                .init("Restart the verification.") { _ in answer(try await core.seal.restartRekeyVerification(target).shown) }),
        ]
    }

    /// Returns a path for shares that the server keeps. There are none, because they would have to be encrypted with PGP, which is
    /// not supported.
    private func backupPath(_ path: String) -> EnginePath {
        EnginePath(PathPattern(path), "Reads and deletes the backup of key shares, which this server does not keep.", access: .sudo)
            .reading("Read the backup.") { _ in throw CofferError.invalid("no backed-up keys found") }
            .deleting("Delete the backup.") { _ in }
    }
}
