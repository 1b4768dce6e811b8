import Crypto
package import SwiftASN1
import X509

/// What an OCSP responder answers (RFC 6960, 4.2).
package struct OCSPResponse: Sendable, DERParseable {
    private let signed: SignedBytes
    private let responder: Responder
    private let answers: [Answer]
    private let nonce: [UInt8]?
    /// Certificates that the responder sent along, of which one may be its own.
    private let certificates: [ClientCertificate]

    /// The longest response that is read, in bytes.
    package static let bytesMax = 64 << 10
    private static let answersMax = 64
    private static let certificatesMax = 4

    private enum Responder: Sendable, Hashable {
        case name(DistinguishedName)
        /// The SHA-1 hash of its key.
        case key([UInt8])
    }

    private struct Answer: Sendable {
        var id: OCSPCertificateID
        var status: OCSPStatus
        var thisUpdate: Int
        var nextUpdate: Int?
    }

    /// Reads a response. Returns nil if it is malformed, or if the responder says that it has none.
    package init?(_ der: [UInt8]) {
        guard der.count <= Self.bytesMax, let response = try? OCSPResponse(derEncoded: der) else { return nil }
        self = response
    }

    private static let basic: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 48, 1, 1]

    package init(derEncoded node: ASN1Node) throws {
        let content: ASN1OctetString = try DER.sequence(node, identifier: .sequence) { nodes in
            guard let status = nodes.next(), status.identifier == .enumerated, case .primitive(let bytes) = status.content,
                bytes.elementsEqual([0])
            else { throw ASN1Error.invalidASN1Object(reason: "the responder has no answer") }
            return try DER.explicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) { node in
                try DER.sequence(node, identifier: .sequence) { nodes in
                    guard try ASN1ObjectIdentifier(derEncoded: &nodes) == Self.basic else {
                        throw ASN1Error.invalidASN1Object(reason: "an unknown kind of OCSP response")
                    }
                    return try ASN1OctetString(derEncoded: &nodes)
                }
            }
        }
        self = try DER.sequence(try DER.parse(content.bytes), identifier: .sequence) { nodes in
            guard let data = nodes.next() else { throw ASN1Error.invalidASN1Object(reason: "an empty OCSP response") }
            let algorithm = try AlgorithmIdentifier(derEncoded: &nodes)
            let signature = Array(try ASN1BitString(wholeBytes: &nodes).bytes)
            let certificates = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) {
                node -> [ClientCertificate] in
                guard case .constructed(let elements) = node.content else { throw ASN1Error.unexpectedFieldType(node.identifier) }
                return elements.prefix(Self.certificatesMax).compactMap { try? ClientCertificate(der: Array($0.encodedBytes)) }
            }
            return try OCSPResponse(
                data, SignedBytes(bytes: data.encodedBytes, algorithm: algorithm, signature: signature),
                certificates: certificates ?? [])
        }
    }

    /// Reads what RFC 6960 calls ResponseData.
    private init(_ node: ASN1Node, _ signed: SignedBytes, certificates: [ClientCertificate]) throws {
        self.signed = signed
        self.certificates = certificates
        (responder, answers, nonce) = try DER.sequence(node, identifier: .sequence) { nodes in
            let version = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) {
                try Int(derEncoded: $0)
            }
            guard version ?? 0 == 0, let responder = nodes.next() else {
                throw ASN1Error.invalidASN1Object(reason: "an unknown version of OCSP")
            }
            // When it was made; how old an answer may be is judged by its own times.
            _ = try GeneralizedTime(derEncoded: &nodes)
            guard let list = nodes.next(), list.identifier == .sequence, case .constructed(let elements) = list.content else {
                throw ASN1Error.invalidASN1Object(reason: "no answers")
            }
            let answers = try elements.prefix(Self.answersMax).map(Self.answer)
            let nonce = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 1, tagClass: .contextSpecific) { node -> [UInt8]? in
                try DERExtension.all(node).first { $0.oid == OCSPRequest.nonceID }.map {
                    Array(try ASN1OctetString(derEncoded: $0.value).bytes)
                }
            }
            return (try Self.responder(responder), answers, nonce ?? nil)
        }
    }

    private static func responder(_ node: ASN1Node) throws -> Responder {
        guard case .constructed(let content) = node.content, node.identifier.tagClass == .contextSpecific else {
            throw ASN1Error.unexpectedFieldType(node.identifier)
        }
        var nodes = content.makeIterator()
        guard let inner = nodes.next(), nodes.next() == nil else { throw ASN1Error.unexpectedFieldType(node.identifier) }
        switch node.identifier.tagNumber {
        case 1: return .name(try DistinguishedName(derEncoded: inner))
        case 2: return .key(Array(try ASN1OctetString(derEncoded: inner).bytes))
        default: throw ASN1Error.unexpectedFieldType(node.identifier)
        }
    }

    private static func answer(_ node: ASN1Node) throws -> Answer {
        try DER.sequence(node, identifier: .sequence) { nodes in
            let id = try OCSPCertificateID(derEncoded: &nodes)
            guard let status = nodes.next(), status.identifier.tagClass == .contextSpecific else {
                throw ASN1Error.invalidASN1Object(reason: "no status")
            }
            let thisUpdate = try DERTime.read(&nodes)
            let nextUpdate = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) {
                try DERTime.read($0)
            }
            _ = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 1, tagClass: .contextSpecific) { try DERExtension.all($0) }
            let statuses: [UInt: OCSPStatus] = [0: .good, 1: .revoked, 2: .unknown]
            guard let known = statuses[status.identifier.tagNumber] else {
                throw ASN1Error.unexpectedFieldType(status.identifier)
            }
            return Answer(id: id, status: known, thisUpdate: thisUpdate, nextUpdate: nextUpdate)
        }
    }
}

/// What a responder says of a certificate.
package enum OCSPStatus: Sendable, Hashable {
    /// The certificate is not revoked.
    case good
    /// The certificate is revoked, for ever or for now.
    case revoked
    /// The responder does not know the certificate.
    case unknown
}

/// A verified answer of a responder, with the moment until which it holds.
package struct OCSPVerdict: Sendable, Hashable {
    /// What the responder says.
    package var status: OCSPStatus
    /// Seconds since 1970; nil if the answer holds for this request only.
    package var goodUntil: Int?

    /// Creates a verdict.
    package init(status: OCSPStatus, goodUntil: Int?) {
        self.status = status
        self.goodUntil = goodUntil
    }
}

extension OCSPResponse {
    /// How far the clocks of a responder and of this server may be apart, in seconds.
    private static let leeway = 300
    /// How old an answer without a next update may be, in seconds.
    private static let endlessAgeMax = 3_600

    /// Returns what the response says of the requested certificate, or nil if it cannot be relied on: it is about other
    /// certificates, was made for another request, is too old, or is signed by somebody who may not answer for the issuer.
    ///
    /// - Parameters:
    ///   - issuer: The certificate of the authority that issued the certificate.
    ///   - responders: Further certificates whose keys, or the keys that they certify for OCSP, may sign answers.
    ///   - ageMax: How old an answer may be, in seconds; 0 for as old as it says itself.
    ///   - seconds: The present moment, in seconds since 1970.
    package func verdict(
        for request: OCSPRequest, issuer: ClientCertificate, responders: [ClientCertificate], ageMax: Int, at seconds: Int
    ) -> OCSPVerdict? {
        guard nonce == nil || nonce == request.nonce else { return nil }
        guard let answer = answers.first(where: { $0.id == request.id }) else { return nil }
        guard answer.thisUpdate <= seconds + Self.leeway else { return nil }
        if ageMax > 0, answer.thisUpdate < seconds - ageMax { return nil }
        if let next = answer.nextUpdate {
            guard next > seconds, next >= answer.thisUpdate else { return nil }
        } else {
            guard answer.thisUpdate >= seconds - Self.endlessAgeMax else { return nil }
        }
        guard isSigned(for: issuer, or: responders, at: seconds) else { return nil }
        let ends = [answer.nextUpdate, ageMax > 0 ? answer.thisUpdate + ageMax : nil].compactMap(\.self)
        return OCSPVerdict(status: answer.status, goodUntil: answer.nextUpdate == nil ? nil : ends.min())
    }

    /// Whether the response is signed by the issuer, by a configured responder, or by somebody whom one of these has certified for
    /// OCSP (RFC 6960, 4.2.2.2).
    private func isSigned(for issuer: ClientCertificate, or responders: [ClientCertificate], at seconds: Int) -> Bool {
        let trusted = [issuer] + responders
        if trusted.contains(where: { isNamed($0) && $0.isValid(at: seconds) && signed.isSigned(by: $0.certificate) }) {
            return true
        }
        return certificates.contains { delegate in
            guard isNamed(delegate), delegate.isValid(at: seconds), Self.mayAnswer(delegate) else { return false }
            let isCertified = trusted.contains { authority in
                delegate.certificate.issuer == authority.certificate.subject && authority.isValid(at: seconds)
                    && authority.certificate.publicKey.isValidSignature(delegate.certificate.signature, for: delegate.certificate)
            }
            return isCertified && signed.isSigned(by: delegate.certificate)
        }
    }

    private func isNamed(_ certificate: ClientCertificate) -> Bool {
        switch responder {
        case .name(let name): certificate.certificate.subject == name
        case .key(let hash): OCSPCertificateID.keyHash(of: certificate) == hash
        }
    }

    private static func mayAnswer(_ certificate: ClientCertificate) -> Bool {
        guard certificate.certificate.signatureAlgorithm != .sha1WithRSAEncryption else { return false }
        return (try? certificate.certificate.extensions.extendedKeyUsage)?.contains(.ocspSigning) == true
    }
}
