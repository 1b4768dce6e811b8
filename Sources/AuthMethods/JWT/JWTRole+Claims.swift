import EngineKit
import JOSE
import Syntax

/// Who logged in, as the claims of a verified token say it.
struct JWTIdentity: Sendable, Hashable {
    /// The name of the alias.
    var user: String
    /// The role, and what it maps claims to.
    var metadata: [String: String]
    var groups: [String]

    static let userBytesMax = 1_024
    /// The most bytes of all names of groups together, which are kept with the token for its renewal.
    static let groupBytesMax = 32 << 10
}

extension JWTRole {
    /// Returns who the claims name. The claims must have been verified.
    ///
    /// - Throws: A refusal that names the claim and not its value.
    func identity(of claims: TokenClaims) throws(CofferError) -> JWTIdentity {
        let user = try userName(claims)
        var metadata: [String: String] = [:]
        for (claim, target) in claimMappings {
            guard let value = claims[claim] else { continue }
            guard let text = value.stringValue else { throw .invalid("error converting claim '\(claim)' to string") }
            metadata[target] = text
        }
        metadata[Self.roleKey] = name
        return JWTIdentity(user: user, metadata: metadata, groups: try groups(claims))
    }

    private func userName(_ claims: TokenClaims) throws(CofferError) -> String {
        guard let value = userClaimIsPointer ? claims[userClaim] : claims.object[userClaim].flatMap({ $0.isNull ? nil : $0 }) else {
            throw .invalid("claim \"\(userClaim)\" not found in token")
        }
        guard let user = value.stringValue else {
            throw .invalid("claim \"\(userClaim)\" could not be converted to string")
        }
        guard (1...JWTIdentity.userBytesMax).contains(user.utf8.count), user.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalid(
                "claim \"\(userClaim)\" must have 1 to \(JWTIdentity.userBytesMax) bytes, without control characters")
        }
        return user
    }

    private func groups(_ claims: TokenClaims) throws(CofferError) -> [String] {
        guard !groupsClaim.isEmpty else { return [] }
        guard let value = claims[groupsClaim] else {
            throw .invalid("failed to fetch groups: \"\(groupsClaim)\" claim not found in token")
        }
        guard let values = Self.list(value) else {
            throw .invalid("\"\(groupsClaim)\" claim could not be converted to string list")
        }
        let names = values.compactMap(\.stringValue)
        guard names.count == values.count else {
            throw .invalid("a value in the \"\(groupsClaim)\" claim could not be converted to string")
        }
        guard names.reduce(0, { $0 + $1.utf8.count }) <= JWTIdentity.groupBytesMax else {
            throw .invalid("the \"\(groupsClaim)\" claim is larger than \(JWTIdentity.groupBytesMax) bytes")
        }
        return names.filter { !$0.isEmpty }
    }

    /// Refuses claims that the role does not allow. Values are compared as JSON, and numbers by their text: 5 is neither 5.0 nor "5".
    func checkBoundClaims(_ claims: TokenClaims) throws(CofferError) {
        for member in boundClaims {
            let claim = member.key
            guard let value = claims[claim] else { throw .invalid("error validating claims: claim \"\(claim)\" is missing") }
            guard let present = Self.list(value), let allowed = Self.list(member.value) else {
                throw .invalid("error validating claims: received claim is not a string, bool, int or list")
            }
            let matches = allowed.contains { allowed in present.contains { isEqual($0, allowed) } }
            guard matches else {
                throw .invalid("error validating claims: claim \"\(claim)\" does not match any associated bound claim values")
            }
        }
    }

    private func isEqual(_ value: JSON, _ allowed: JSON) -> Bool {
        switch (value, allowed) {
        case (.string(let text), .string(let pattern)):
            comparison == .glob ? text.matchesUTF8(pattern) : text.equalsUTF8(pattern)
        case (.number(let left), .number(let right)): comparison == .string && left.equalsUTF8(right)
        case (.bool(let left), .bool(let right)): comparison == .string && left == right
        default: false
        }
    }

    /// The leeways, with defaults for 0 and none for negative numbers.
    var leeways: ClaimLeeways {
        func seconds(_ set: Int, default initial: Int) -> Int {
            if set == 0 { return initial }
            return max(set, 0)
        }
        var leeways = ClaimLeeways()
        leeways.expiration = seconds(expirationLeeway, default: leeways.expiration)
        leeways.notBefore = seconds(notBeforeLeeway, default: leeways.notBefore)
        leeways.clockSkew = seconds(clockSkewLeeway, default: leeways.clockSkew)
        return leeways
    }
}
