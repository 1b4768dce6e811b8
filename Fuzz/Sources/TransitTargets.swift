// The decoders are the room's own; that callers feed them is why they are here.
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
    return try making.version(key.latest + 1, key.type, secret: making.random(size))
}

/// The first byte says of what type the key is said to be; the rest is its material, as it comes out of its wrapping.
func fuzzImport(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let material = SecretBytes(bytes.dropFirst())
    let type = KeyType.allCases[Int(first) % KeyType.allCases.count]
    if let version = try? making.version(1, type, secret: material) {
        precondition(version.publicKey.isEmpty != type.isAsymmetric, "a key without its public part")
    }
    if type.family == .ecdsa, let scalar = try? ECDSAKey.scalar(type, secretDER: material) {
        precondition((try? making.version(1, type, secret: scalar)) != nil, "a scalar that is no key")
    }
    _ = try? making.version(1, type, publicKey: Array(bytes.dropFirst()))
    _ = PublicKeyInfo.ed25519Seed(pkcs8: Array(bytes.dropFirst()))
    _ = PublicKeyInfo.rawKey(Array(bytes.dropFirst()), type)
}

/// What is read as DER is written again to the same bytes; PEM that is read holds what was put in.
func fuzzDER(_ bytes: UnsafeRawBufferPointer) {
    if let element = DER.read(Array(bytes)), !element.content.isEmpty {
        let again = DER.make(element.tag, Array(element.content))
        precondition(again == Array(bytes), "DER has a second form")
        _ = element.children?.map(\.children)
    }
    let pem = PEM.text("CERTIFICATE", Array(bytes))
    if !bytes.isEmpty { precondition(PEM.blocks("CERTIFICATE", in: pem) == [Array(bytes)], "PEM is not read as it was written") }
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    for label in ["CERTIFICATE", "PUBLIC KEY", "CERTIFICATE REQUEST"] { _ = PEM.blocks(label, in: text) }
    let version = KeyVersion(
        number: 1, created: Timestamp(seconds: 0), type: .ed25519, secret: nil, publicKey: [UInt8](repeating: 1, count: 32),
        hmacKey: SecretBytes([]))
    _ = try? CertificateRequest.chain(text, for: version)
    _ = try? VersionedText.read(text, "ciphertext")
}
