import SwiftASN1
import Syntax
import X509

/// What an authority signed, with its signature: a revocation list or an OCSP response.
struct SignedBytes: Sendable {
    /// The bytes that were signed, as they were read.
    let bytes: ArraySlice<UInt8>
    let algorithm: AlgorithmIdentifier
    let signature: [UInt8]

    /// Returns whether the key of a certificate made the signature. Signatures with SHA-1 and of unknown algorithms are refused.
    func isSigned(by certificate: Certificate) -> Bool {
        guard let known = Self.algorithms[algorithm.algorithm] else { return false }
        return certificate.publicKey.isValidSignature(signature, for: bytes, signatureAlgorithm: known)
    }

    private static let algorithms: [ASN1ObjectIdentifier: Certificate.SignatureAlgorithm] = [
        [1, 2, 840, 10_045, 4, 3, 2]: .ecdsaWithSHA256, [1, 2, 840, 10_045, 4, 3, 3]: .ecdsaWithSHA384,
        [1, 2, 840, 10_045, 4, 3, 4]: .ecdsaWithSHA512, [1, 2, 840, 113_549, 1, 1, 11]: .sha256WithRSAEncryption,
        [1, 2, 840, 113_549, 1, 1, 12]: .sha384WithRSAEncryption, [1, 2, 840, 113_549, 1, 1, 13]: .sha512WithRSAEncryption,
        [1, 3, 101, 112]: .ed25519,
    ]
}

/// The times of revocation data, in seconds since 1970.
enum DERTime {
    /// Reads an element that is a UTCTime or a GeneralizedTime (RFC 5280, 4.1.2.5).
    static func read(_ nodes: inout ASN1NodeCollection.Iterator) throws -> Int {
        guard let node = nodes.next() else { throw ASN1Error.invalidASN1Object(reason: "no time") }
        return try read(node)
    }

    static func read(_ node: ASN1Node) throws -> Int {
        if node.identifier == .utcTime {
            let time = try UTCTime(derEncoded: node)
            return seconds(year: time.year, month: time.month, day: time.day, at: (time.hours, time.minutes, time.seconds))
        }
        let time = try GeneralizedTime(derEncoded: node)
        return seconds(year: time.year, month: time.month, day: time.day, at: (time.hours, time.minutes, time.seconds))
    }
}

extension DERTime {
    private static func seconds(year: Int, month: Int, day: Int, at time: (hour: Int, minute: Int, second: Int)) -> Int {
        let days = CivilDate(year: year, month: month, day: day).daysSince1970
        return days * 86_400 + time.hour * 3_600 + time.minute * 60 + time.second
    }
}

/// One extension of a revocation list or of an OCSP response (RFC 5280, 4.1).
struct DERExtension: DERParseable {
    let oid: ASN1ObjectIdentifier
    let isCritical: Bool
    let value: ArraySlice<UInt8>

    init(derEncoded node: ASN1Node) throws {
        (oid, isCritical, value) = try DER.sequence(node, identifier: .sequence) { nodes in
            let oid = try ASN1ObjectIdentifier(derEncoded: &nodes)
            let isCritical: Bool = try DER.decodeDefault(&nodes, defaultValue: false)
            return (oid, isCritical, try ASN1OctetString(derEncoded: &nodes).bytes)
        }
    }

    /// Reads the extensions of an element. Throws for a critical one: none that changes the meaning is understood here.
    static func all(_ node: ASN1Node) throws -> [DERExtension] {
        let extensions: [DERExtension] = try DER.sequence(of: DERExtension.self, identifier: .sequence, rootNode: node)
        guard !extensions.contains(where: \.isCritical) else {
            throw ASN1Error.invalidASN1Object(reason: "a critical extension")
        }
        return extensions
    }
}
