package import Crypto
import Foundation
package import SwiftASN1
package import X509

extension TestAuthority {
    private static let ecdsaWithSHA256: ASN1ObjectIdentifier = [1, 2, 840, 10_045, 4, 3, 2]

    /// Makes a revocation list.
    ///
    /// - Parameters:
    ///   - from: When it was made, in seconds from ``now``.
    ///   - until: When the next one follows, in seconds from ``now``.
    ///   - signer: The key that signs it, if not the authority's.
    ///   - criticalOID: A critical extension to add.
    package func revocationList(
        _ revoked: [Certificate.SerialNumber], from: Int = -60, until: Int = 3_600, signer: P256.Signing.PrivateKey? = nil,
        criticalOID: ASN1ObjectIdentifier? = nil
    ) throws -> [UInt8] {
        try Self.signed(by: signer ?? key) { coder in
            try coder.appendConstructedNode(identifier: .sequence) { coder in
                try coder.serialize(1)
                try Self.algorithm(&coder)
                try coder.serialize(certificate.subject)
                try coder.serialize(try time(from))
                try coder.serialize(try time(until))
                if !revoked.isEmpty {
                    try coder.appendConstructedNode(identifier: .sequence) { coder in
                        for serial in revoked {
                            try coder.appendConstructedNode(identifier: .sequence) { coder in
                                try coder.serialize(serial.bytes)
                                try coder.serialize(try time(from))
                            }
                        }
                    }
                }
                if let criticalOID {
                    try coder.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { coder in
                        try coder.appendConstructedNode(identifier: .sequence) { coder in
                            try coder.appendConstructedNode(identifier: .sequence) { coder in
                                try coder.serialize(criticalOID)
                                try coder.serialize(true)
                                try coder.serialize(ASN1OctetString(contentBytes: [0x30, 0]))
                            }
                        }
                    }
                }
            }
        }
    }

    private func time(_ seconds: Int) throws -> GeneralizedTime {
        let parts = Calendar(identifier: .gregorian).dateComponents(
            in: TimeZone(secondsFromGMT: 0)!, from: Date(timeIntervalSince1970: Double(now + seconds)))  // 0 is a time zone
        return try GeneralizedTime(
            year: parts.year ?? 0, month: parts.month ?? 0, day: parts.day ?? 0, hours: parts.hour ?? 0, minutes: parts.minute ?? 0,
            seconds: parts.second ?? 0, fractionalSeconds: 0)
    }

    private static func algorithm(_ coder: inout DER.Serializer) throws {
        try coder.appendConstructedNode(identifier: .sequence) { try $0.serialize(ecdsaWithSHA256) }
    }

    /// Returns a sequence of the content, the algorithm, the signature, and more.
    private static func signed(
        by key: P256.Signing.PrivateKey, _ content: (inout DER.Serializer) throws -> Void,
        more: (inout DER.Serializer) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        var inner = DER.Serializer()
        try content(&inner)
        let signature = try key.signature(for: inner.serializedBytes)
        var outer = DER.Serializer()
        try outer.appendConstructedNode(identifier: .sequence) { coder in
            coder.serializeRawBytes(inner.serializedBytes)
            try algorithm(&coder)
            try coder.serialize(ASN1BitString(bytes: Array(signature.derRepresentation)[...]))
            try more(&coder)
        }
        return outer.serializedBytes
    }

    /// What an OCSP response says, where it is not as usual.
    package struct Answer {
        /// 0 good, 1 revoked, 2 unknown (RFC 6960, 4.2.1).
        package var status: UInt = 0
        package var from = -60
        /// nil for no next update.
        package var until: Int? = 3_600
        package var nonce: [UInt8]?
        /// Signs in place of the authority.
        package var signer: P256.Signing.PrivateKey?
        /// Whose name the response bears.
        package var responder: Certificate?
        /// Certificates that are sent along.
        package var certificates: [Certificate] = []

        package init() {}
    }

    /// Makes an OCSP response about a certificate ID: the content of the element CertID, as DER.
    package func response(about id: [UInt8], _ change: (inout Answer) -> Void = { _ in }) throws -> [UInt8] {
        var answer = Answer()
        change(&answer)
        let (status, from, until, nonce) = (answer.status, answer.from, answer.until, answer.nonce)
        let basic = try Self.signed(by: answer.signer ?? key) { coder in
            try coder.appendConstructedNode(identifier: .sequence) { coder in
                let name = (answer.responder ?? certificate).subject
                try coder.serialize(explicitlyTaggedWithTagNumber: 1, tagClass: .contextSpecific) { try $0.serialize(name) }
                try coder.serialize(try time(from))
                try coder.appendConstructedNode(identifier: .sequence) { coder in
                    try coder.appendConstructedNode(identifier: .sequence) { coder in
                        coder.serializeRawBytes(id)
                        if status == 1 {
                            try coder.appendConstructedNode(identifier: .init(tagWithNumber: 1, tagClass: .contextSpecific)) {
                                try $0.serialize(try time(from))
                            }
                        } else {
                            coder.appendPrimitiveNode(identifier: .init(tagWithNumber: status, tagClass: .contextSpecific)) { _ in }
                        }
                        try coder.serialize(try time(from))
                        if let until {
                            try coder.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) {
                                try $0.serialize(try time(until))
                            }
                        }
                    }
                }
                if let nonce { try Self.nonce(nonce, &coder) }
            }
        } more: { coder in
            guard !answer.certificates.isEmpty else { return }
            let certificates = answer.certificates
            try coder.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { coder in
                try coder.appendConstructedNode(identifier: .sequence) { coder in
                    for certificate in certificates { try coder.serialize(certificate) }
                }
            }
        }
        var outer = DER.Serializer()
        try outer.appendConstructedNode(identifier: .sequence) { coder in
            coder.appendPrimitiveNode(identifier: .enumerated) { $0.append(0) }
            try coder.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { coder in
                try coder.appendConstructedNode(identifier: .sequence) { coder in
                    try coder.serialize([1, 3, 6, 1, 5, 5, 7, 48, 1, 1] as ASN1ObjectIdentifier)
                    try coder.serialize(ASN1OctetString(contentBytes: basic[...]))
                }
            }
        }
        return outer.serializedBytes
    }

    private static func nonce(_ nonce: [UInt8], _ coder: inout DER.Serializer) throws {
        try coder.serialize(explicitlyTaggedWithTagNumber: 1, tagClass: .contextSpecific) { coder in
            try coder.appendConstructedNode(identifier: .sequence) { coder in
                try coder.appendConstructedNode(identifier: .sequence) { coder in
                    try coder.serialize([1, 3, 6, 1, 5, 5, 7, 48, 1, 2] as ASN1ObjectIdentifier)
                    var value = DER.Serializer()
                    try value.serialize(ASN1OctetString(contentBytes: nonce[...]))
                    try coder.serialize(ASN1OctetString(contentBytes: value.serializedBytes[...]))
                }
            }
        }
    }

    /// Returns the CertID and the nonce of an OCSP request with one question, or nil for anything else.
    package static func question(in request: [UInt8]) -> (id: [UInt8], nonce: [UInt8])? {
        func children(_ node: ASN1Node?) -> [ASN1Node] {
            if case .constructed(let nodes)? = node?.content { Array(nodes) } else { [] }
        }
        guard let root = try? DER.parse(request), let body = children(root).first else { return nil }
        let parts = children(body)
        guard let id = children(children(parts.first).first).first else { return nil }
        // The last primitive value of the extensions is the nonce, in an octet string of its own.
        let values = children(children(children(parts.dropFirst().first).first).first)
        guard let value = values.last, case .primitive(let bytes) = value.content else { return (Array(id.encodedBytes), []) }
        return (Array(id.encodedBytes), Array(bytes.dropFirst(2)))
    }
}
