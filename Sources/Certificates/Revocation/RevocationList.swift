package import SwiftASN1
import X509

/// A list of the certificates that an authority has revoked (RFC 5280, 5).
///
/// Lists with a critical extension are refused: partial, indirect and delta lists mean something else by what they leave out.
package struct RevocationList: Sendable, DERParseable {
    private let issuer: DistinguishedName
    private let signed: SignedBytes
    private let serials: Set<[UInt8]>
    /// When it was made, in seconds since 1970.
    package let thisUpdate: Int
    /// When the next list follows, in seconds since 1970. From then on this one says nothing of what is not revoked.
    package let nextUpdate: Int

    /// The longest list that is read, in bytes: about 27,000 revoked certificates.
    package static let bytesMax = 1 << 20

    /// Reads a list, as DER or as PEM. Returns nil if it is not a list that can be relied on.
    package init?(_ bytes: [UInt8]) {
        var der = bytes
        if bytes.first != 0x30 {
            guard let text = String(validating: bytes, as: UTF8.self),
                let documents = PEM.documents(in: text, label: .revocationList), documents.count == 1
            else { return nil }
            der = documents[0]
        }
        guard der.count <= Self.bytesMax, let list = try? RevocationList(derEncoded: der) else { return nil }
        self = list
    }

    package init(derEncoded node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { nodes in
            guard let content = nodes.next() else { throw ASN1Error.invalidASN1Object(reason: "an empty revocation list") }
            let algorithm = try AlgorithmIdentifier(derEncoded: &nodes)
            let signature = Array(try ASN1BitString(wholeBytes: &nodes).bytes)
            return try RevocationList(
                content, SignedBytes(bytes: content.encodedBytes, algorithm: algorithm, signature: signature))
        }
    }

    /// Reads what RFC 5280 calls TBSCertList.
    private init(_ node: ASN1Node, _ signed: SignedBytes) throws {
        self.signed = signed
        (issuer, thisUpdate, nextUpdate, serials) = try DER.sequence(node, identifier: .sequence) { nodes in
            guard var next = nodes.next() else { throw ASN1Error.invalidASN1Object(reason: "an empty revocation list") }
            if next.identifier == .integer {
                guard try Int(derEncoded: next) == 1, let algorithm = nodes.next() else {
                    throw ASN1Error.invalidASN1Object(reason: "an unknown version of revocation lists")
                }
                next = algorithm
            }
            // It stands inside of the signature, too, so that nobody can exchange it.
            guard try AlgorithmIdentifier(derEncoded: next) == signed.algorithm else {
                throw ASN1Error.invalidASN1Object(reason: "two signature algorithms")
            }
            guard let named = nodes.next() else { throw ASN1Error.invalidASN1Object(reason: "no issuer") }
            let issuer = try DistinguishedName(derEncoded: named)
            let (this, following) = (try DERTime.read(&nodes), try DERTime.read(&nodes))
            guard this <= following else { throw ASN1Error.invalidASN1Object(reason: "times in the wrong order") }
            var serials: Set<[UInt8]> = []
            var rest = nodes.next()
            if let list = rest, list.identifier == .sequence {
                serials = try Self.serials(list)
                rest = nodes.next()
            }
            if let extensions = rest {
                guard extensions.identifier == Self.extensionsTag, case .constructed(let content) = extensions.content else {
                    throw ASN1Error.unexpectedFieldType(extensions.identifier)
                }
                var iterator = content.makeIterator()
                guard let list = iterator.next(), iterator.next() == nil else {
                    throw ASN1Error.invalidASN1Object(reason: "extensions of another form")
                }
                _ = try DERExtension.all(list)
            }
            return (issuer, this, following, serials)
        }
    }

    private static let extensionsTag = ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)

    /// Reads the revoked certificates: their serial numbers, without leading zeros.
    private static func serials(_ list: ASN1Node) throws -> Set<[UInt8]> {
        guard case .constructed(let entries) = list.content else { throw ASN1Error.unexpectedFieldType(list.identifier) }
        var serials: Set<[UInt8]> = []
        for entry in entries {
            let serial = try DER.sequence(entry, identifier: .sequence) { nodes in
                let serial = try ArraySlice<UInt8>(derEncoded: &nodes)
                _ = try DERTime.read(&nodes)
                if let extensions = nodes.next() { _ = try DERExtension.all(extensions) }
                return serial
            }
            serials.insert(Array(serial.drop { $0 == 0 }))
        }
        return serials
    }
}

extension RevocationList {
    /// Whether the authority's name is that of the list's issuer. Another authority may have the same name.
    package func isNamed(like authority: ClientCertificate) -> Bool { issuer == authority.certificate.subject }

    /// Whether the certificate says that it comes from the list's issuer.
    package func isAbout(_ certificate: ClientCertificate) -> Bool { issuer == certificate.certificate.issuer }

    /// Whether the authority's key signed the list.
    package func isSigned(by authority: ClientCertificate) -> Bool { signed.isSigned(by: authority.certificate) }

    /// Whether the list names the certificate, whoever issued it.
    package func names(_ certificate: ClientCertificate) -> Bool { serials.contains(certificate.serialBytes) }

    /// Whether the next list is due at a moment, in seconds since 1970.
    package func isStale(at seconds: Int) -> Bool { seconds >= nextUpdate }

    /// The issuer's name in the form of RFC 4514.
    package var issuerText: String { issuer.description }

    /// The serial numbers in decimal digits, in the order of their bytes.
    package var serialTexts: [String] {
        serials.sorted { $0.count == $1.count ? $0.lexicographicallyPrecedes($1) : $0.count < $1.count }.map(DecimalText.of)
    }
}
