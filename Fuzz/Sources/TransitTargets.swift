// Callers feed these decoders.
import Certificates
import EngineKit
import SecretMemory
@testable import TransitEngine

private let making = KeyMaking(time: FixedTime(), randomness: SystemRandomness())

struct FixedTime: TimeSource {
    func now() -> Timestamp { Timestamp(seconds: 1_800_000_000) }
}

/// A key that is read can be written to the same bytes, shown, and given its next version.
func fuzzBackup(_ bytes: UnsafeRawBufferPointer) {
    let record = Array(bytes)
    guard let key = TransitKey(name: "k", decoding: record) else { return }
    precondition(key.encoded() == record, "a key is not written as it was read")
    _ = [key.settings.backedUp, key.settings.restored].map { $0.map { Timestamp(seconds: $0.time).description } }
    _ = key.versions.map(\.created.description)
    _ = (key.nextRotation, key.usable.count, key.version(key.latest), key.version(.min), key.version(.max))
    _ = try? key.version(making: .signing, requested: .max)
    guard key.settings.type.family != .rsa, key.versions.count <= 4 else { return }
    for version in key.versions { _ = try? making.couldHaveMade(version, of: key) }
    guard key.type.family == .hmac || key.type.family == .cipher, let next = try? make(key) else { return }
    guard let longer = try? key.adding(next) else { return }
    precondition(TransitKey(name: "k", decoding: longer.encoded()) != nil, "a rotated key cannot be read")
}

private func make(_ key: TransitKey) throws -> KeyVersion {
    let size = key.type == .hmac ? key.settings.size : key.type.secretBytes ?? 32
    return try making.version(key.latest + 1, type: key.type, secret: making.random(size))
}

/// The first byte says of what type the key is said to be; the rest is its material, as it comes out of its wrapping.
func fuzzImport(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let material = SecretBytes(bytes.dropFirst())
    let type = KeyType.allCases[Int(first) % KeyType.allCases.count]
    if let version = try? making.version(1, type: type, secret: material) {
        precondition(version.publicKey.isEmpty != type.isAsymmetric, "a key without its public part")
    }
    if type.family == .ecdsa, let scalar = try? ECDSAKey.scalar(type, secretDER: material) {
        precondition((try? making.version(1, type: type, secret: scalar)) != nil, "a scalar that is no key")
    }
    _ = try? making.version(1, type: type, publicKey: Array(bytes.dropFirst()))
    let seed = (try? PrivateKeyInfo(der: Array(bytes.dropFirst())))?.ed25519Seed
    precondition(seed == nil || seed?.count == 32, "a seed of another length")
}

/// What is read as DER is written again to the same bytes; PEM that is read holds what was put in.
func fuzzDER(_ bytes: UnsafeRawBufferPointer) {
    let der = Array(bytes)
    if let info = try? SubjectPublicKeyInfo(der: der) { precondition(info.der == der, "a public key has a second form") }
    if let request = try? CertificateRequest(der: der) {
        precondition(request.der == der, "a request has a second form")
        let again = request.content.requesting(request.content.publicKey)
        precondition(again == request.content, "a request for the same key is another one")
    }
    if let certified = try? CertifiedKey(der: der) {
        precondition((try? SubjectPublicKeyInfo(der: certified.publicKey.der)) == certified.publicKey, "a key that is not read")
    }
    _ = (try? PrivateKeyInfo(der: der))?.ed25519Seed
    _ = CertificateNames.names(inDER: der)
    let pem = PEM.text(der, label: .certificate)
    if !bytes.isEmpty {
        precondition(PEM.documents(in: pem, label: .certificate) == [der], "PEM is not read as it was written")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    for label in [PEM.Label.certificate, .publicKey, .certificateRequest] { _ = PEM.documents(in: text, label: label) }
    let version = KeyVersion(
        number: 1, created: Timestamp(seconds: 0), type: .ed25519, secret: nil, publicKey: [UInt8](repeating: 1, count: 32),
        hmacKey: SecretBytes([]))
    _ = try? version.certificates(inPEM: text)
    _ = try? VersionedText.read(text, "ciphertext")
}
