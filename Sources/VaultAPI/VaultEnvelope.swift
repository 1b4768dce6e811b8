import Core
import EngineKit
import Syntax

/// The object around each answer of the Vault API. It is encoded directly, without an intermediate JSON value.
enum VaultEnvelope {
    /// Returns the envelope of a response as JSON.
    static func encoded(_ answer: CoreAnswer, _ response: Response, data: JSON?) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(320 + bytes(of: data))
        output.append(#"{"request_id":"#)
        JSON.encode(answer.requestID, into: &output)
        if case .held(let lease)? = response.lease {
            output.append(#","lease_id":"#)
            JSON.encode(lease.id, into: &output)
            output.append(lease.isRenewable ? #","renewable":true,"lease_duration":"# : #","renewable":false,"lease_duration":"#)
            JSON.int(lease.seconds).encode(into: &output)
        } else {
            output.append(#","lease_id":"","renewable":false,"lease_duration":"#)
            JSON.int(response.leaseSeconds).encode(into: &output)
        }
        output.append(#","data":"#)
        if let data { data.encode(into: &output) } else { output.append("null") }
        output.append(#","wrap_info":"#)
        if let info = response.wrapInfo { encode(info, into: &output) } else { output.append("null") }
        output.append(#","warnings":"#)
        if response.warnings.isEmpty { output.append("null") } else { JSON.strings(response.warnings).encode(into: &output) }
        output.append(#","auth":"#)
        switch response.auth {
        case .issued(let auth)?: encode(auth, into: &output)
        case .lacking(let requirement)?: encode(requirement, into: &output)
        case .grant?, nil: output.append("null")
        }
        output.append(#","mount_type":"#)
        JSON.encode(answer.mountType, into: &output)
        // An unwrapped answer is that of another path.
        if answer.path.utf8.starts(with: "sys/".utf8), answer.path != "sys/wrapping/unwrap" {
            repeatMembers(of: data, into: &output)
        }
        output.append("}")
        return output
    }

    private static func bytes(of data: JSON?) -> Int {
        if case .raw(let bytes)? = data { bytes.count } else { 256 }
    }

    /// Repeats the members of `data` next to it, as Vault does for `sys/`, for clients that are older than `data`.
    private static func repeatMembers(of data: JSON?, into output: inout [UInt8]) {
        let own: Set = [
            "request_id", "lease_id", "renewable", "lease_duration", "data", "wrap_info", "warnings", "auth", "mount_type",
        ]
        guard case .object(let object)? = try? data?.parsed() else { return }
        for member in object where !own.contains(member.key) {
            output.append(",")
            JSON.encode(member.key, into: &output)
            output.append(":")
            member.value.encode(into: &output)
        }
    }

    private static func encode(_ info: WrapInfo, into output: inout [UInt8]) {
        var object: JSONObject = [
            "token": .string(info.token), "accessor": .string(info.accessor), "ttl": .int(info.ttl),
            "creation_time": .string(info.createdAt.description), "creation_path": .string(info.creationPath),
        ]
        if let accessor = info.wrappedAccessor { object["wrapped_accessor"] = .string(accessor) }
        object.encode(into: &output)
    }

    private static func encode(_ auth: IssuedAuth, into output: inout [UInt8]) {
        let object: JSONObject = [
            "client_token": .string(auth.clientToken),
            "accessor": .string(auth.accessor),
            "policies": .strings(auth.policies),
            "token_policies": .strings(auth.tokenPolicies),
            "identity_policies": .strings(auth.identityPolicies),
            "metadata": .mapOrNull(auth.metadata),
            "lease_duration": .int(auth.leaseSeconds),
            "renewable": .bool(auth.isRenewable),
            "entity_id": .string(auth.entityID),
            "token_type": .string(auth.type.rawValue),
            "orphan": .bool(auth.isOrphan),
            "mfa_requirement": .null,
            "num_uses": .int(auth.uses),
        ]
        object.encode(into: &output)
    }
}

extension VaultEnvelope {
    /// Encodes a login that needs a second factor. All members but the requirement are empty, as in Vault.
    private static func encode(_ requirement: MFARequirement, into output: inout [UInt8]) {
        let object: JSONObject = [
            "client_token": "", "accessor": "", "policies": .null, "metadata": .null, "lease_duration": 0, "renewable": false,
            "entity_id": "", "token_type": "default", "orphan": false, "mfa_requirement": .object(requirement.shown), "num_uses": 0,
        ]
        object.encode(into: &output)
    }
}
