package import EngineKit
import Records
import Syntax

extension LoginMFA {
    /// The outcome of verifying codes, and the changes that must be committed before anybody is told about it.
    package struct Verification: Sendable {
        /// Why the constraints are not satisfied; nil if they are.
        package var refusal: CofferError?
        /// What was used up or counted. Keys are relative to identity's part of the storage.
        package var changes: Batch
    }

    /// Compares codes with the secrets of an entity. Every constraint must be satisfied, each by one of its methods; a code may
    /// satisfy several constraints that name its method. What is right is used up even if something else is missing.
    ///
    /// The result depends on what is stored, which the preconditions in ``Verification/changes`` check.
    package func verify(
        _ constraints: [MFARequirement.Constraint], _ codes: MFACodes, entity entityID: String
    ) async throws -> Verification {
        let rules = rules
        var transaction = IdentityTransaction(storage)
        var verdicts: [String: Result<Void, CofferError>] = [:]
        var refusal: CofferError?
        for constraint in constraints {
            var reasons: [CofferError] = []
            var isSatisfied = false
            for required in constraint.methods {
                guard let method = rules.methods[required.id] else { continue }
                let verdict: Result<Void, CofferError>
                if let known = verdicts[method.id] {
                    verdict = known
                } else {
                    verdict = try await verify(method, codes, entity: entityID, in: &transaction)
                    verdicts[method.id] = verdict
                }
                switch verdict {
                case .success: isSatisfied = true
                case .failure(let reason): reasons.append(reason)
                }
                if isSatisfied { break }
            }
            if !isSatisfied, refusal == nil { refusal = Self.refusal(constraint, reasons) }
        }
        return Verification(refusal: refusal, changes: transaction.batch)
    }

    private func verify(
        _ method: TOTPMethod, _ codes: MFACodes, entity entityID: String, in transaction: inout IdentityTransaction
    ) async throws -> Result<Void, CofferError> {
        let shown = method.name.isEmpty ? method.id : method.name
        guard let sent = codes.codes(for: method) else {
            return .failure(.refused("no code was sent for the MFA method \(shown)"))
        }
        guard sent.count < 2 else {
            return .failure(.refused("failed to parse MFA factor, found multiple passcodes for the same MFA method"))
        }
        let key = MFAKeys.secret(method.id, entity: entityID)
        guard let bytes = try await transaction.get(key) else {
            return .failure(
                .refused(
                    "MFA secret for method \(shown) not present in entity \(entityID); an operator generates it with "
                        + "identity/mfa/method/totp/admin-generate"))
        }
        guard var secret = EnrolledSecret(decoding: bytes) else { throw StorageError.corrupted(key: key) }
        let before = secret
        let verdict = secret.take(sent.first ?? "", at: time.now().seconds, attemptsMax: method.attemptsMax)
        if secret != before { transaction.put(key, secret.encoded()) }
        switch verdict {
        case .right: return .success(())
        case .wrong: return .failure(.refused("MFA credentials not supplied or incorrect"))
        case .used: return .failure(.refused("code already used; wait for the next one"))
        case .blocked(let seconds):
            var error = CofferError.refused(
                "maximum TOTP validation attempts \(method.attemptsMax) exceeded. Please try again in \(seconds) seconds")
            error.retryAfter = seconds
            return .failure(error)
        }
    }

    /// Returns the refusal for a constraint. Of several reasons it gives the one about a code that was sent.
    private static func refusal(_ constraint: MFARequirement.Constraint, _ reasons: [CofferError]) -> CofferError {
        let about =
            reasons.first { $0.retryAfter != nil } ?? reasons.first { !$0.messages[0].hasUTF8Prefix("no code") } ?? reasons.first
        var refusal = CofferError.refused(
            "failed to satisfy enforcement \(constraint.name). error: \(about?.messages.first ?? "it has no method")")
        refusal.retryAfter = about?.retryAfter
        return refusal
    }
}

extension CofferError {
    fileprivate static func refused(_ text: String) -> CofferError { CofferError(.permissionDenied, text) }
}
