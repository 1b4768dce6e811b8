import Certificates
import EngineKit
// What wraps keys is internal: others have tools of their own for it.
@testable import TransitEngine
import SecretMemory
import Syntax

/// Making a wrapping key takes seconds, so the mounts of all tests get the same one.
private let wrappingKeyRecord = Task { () throws -> [UInt8] in
    let driver = try TransitDriver()
    _ = try await driver.read("wrapping_key")
    return try await driver.storage.get(WrappingKey.name)?.value ?? []
}

extension TransitDriver {
    /// Must come before anything else that needs the wrapping key.
    func shareWrappingKey() async throws {
        guard try await storage.get(WrappingKey.name) == nil else { return }
        var batch = Batch()
        batch.put(WrappingKey.name, try await wrappingKeyRecord.value, if: .absent)
        _ = try await storage.commitIfUnchanged(batch)
    }

    /// Brings a key through `import`, as its owner would.
    func bring(
        _ name: String, _ type: String, _ secret: some Collection<UInt8>, _ more: JSONObject = [:], hash: String = "SHA256"
    ) async throws {
        var body = more
        body["type"] = .string(type)
        body["ciphertext"] = try await wrapped(secret, hash: hash)
        body["hash_function"] = .string(hash)
        try await write("keys/\(name)/import", body)
    }

    /// Whether a seed is not taken for a key.
    func refuses(_ name: String, _ type: String, seed: [UInt8]) async -> Bool {
        do {
            try await bring(name, type, seed)
            return false
        } catch {
            return error is CofferError
        }
    }

    func wrapped(_ secret: some Collection<UInt8>, hash: String = "SHA256") async throws -> JSON {
        try await shareWrappingKey()
        let pem = try await read("wrapping_key")["public_key"]?.stringValue ?? ""
        let key = try RSAKey(.rsa4096, publicDER: PEM.documents(in: pem, label: .publicKey)?.first ?? [])
        let wrapped = try KeyWrapping.wrap(
            SecretBytes(secret), to: key, hash: try KeyWrapping.hash(hash), randomness: SystemRandomness())
        return .string(Base64.encode(wrapped))
    }
}
