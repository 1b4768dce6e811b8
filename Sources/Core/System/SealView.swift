import Barrier
import Syntax

/// The JSON shapes of the seal's answers in the Vault API.
extension RootGenerationStatus {
    var shown: JSONObject {
        [
            "nonce": .string(nonce), "started": .bool(isStarted), "progress": .int(progress), "required": .int(required),
            "complete": .bool(isComplete), "encoded_token": .string(encodedToken), "encoded_root_token": .string(encodedToken),
            "pgp_fingerprint": "", "otp": .string(otp), "otp_length": .int(otpLength),
        ]
    }
}

extension RekeyStatus {
    var shown: JSONObject {
        [
            "nonce": .string(nonce), "started": .bool(isStarted), "t": .int(threshold), "n": .int(shares),
            "progress": .int(progress), "required": .int(required), "pgp_fingerprints": .null, "backup": false,
            "verification_required": .bool(requiresVerification), "verification_nonce": .string(verificationNonce),
        ]
    }
}

extension RekeyProgress {
    var shown: JSONObject {
        switch self {
        case .needsMore(let status): status.shown
        case .complete(let nonce, let shares, let verificationNonce):
            [
                "nonce": .string(nonce), "complete": true, "keys": .strings(shares.map(KeyShareFormat.hex)),
                "keys_base64": .strings(shares.map(KeyShareFormat.base64)), "pgp_fingerprints": .null, "backup": false,
                "verification_required": .bool(verificationNonce != nil), "verification_nonce": .string(verificationNonce ?? ""),
            ]
        }
    }
}

extension RekeyVerification {
    var shown: JSONObject {
        [
            "nonce": .string(nonce), "started": .bool(isStarted), "t": .int(threshold), "n": .int(shares),
            "progress": .int(progress), "complete": .bool(isComplete),
        ]
    }
}
