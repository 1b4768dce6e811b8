import EngineKit
import Foundation
import PasswordPolicies
import Syntax

/// Stores password policies as text, and generates passwords from them.
struct PasswordPolicyStore: Sendable {
    let storage: any Storage
    let randomness: any Randomness

    private static let prefix = "sys/password-policy/"
    private static let nameBytesMax = 128

    /// Returns the text of a policy, or nil if none exists.
    func text(_ name: String) async throws -> String? {
        let key = try Self.key(name)
        guard let record = try await storage.get(key) else { return nil }
        guard let text = String(validating: record.value, as: UTF8.self) else { throw StorageError.corrupted(key: key) }
        return text
    }

    /// Returns a page of the policies' names.
    func names(_ paging: Paging) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: Self.prefix, paging))
    }

    /// Creates or replaces a policy. Throws if the text is not a valid policy in HCL or JSON.
    func write(_ name: String, text: String) async throws {
        let key = try Self.key(name)
        do {
            _ = try PasswordPolicy(parsing: text)
        } catch {
            throw CofferError.invalid("failed to parse password policy: \(error)")
        }
        try await storage.put(key, Array(text.utf8))
    }

    /// Deletes a policy. Does nothing if none exists.
    func delete(_ name: String) async throws {
        try await storage.delete(try Self.key(name))
    }

    /// Generates a password from a policy. Throws `.notFound` if the policy does not exist.
    func makePassword(_ name: String) async throws -> String {
        guard let text = try await text(name) else { throw CofferError(.notFound, "there is no password policy with this name") }
        guard let policy = try? PasswordPolicy(parsing: text) else { throw StorageError.corrupted(key: Self.prefix + name) }
        return policy.makePassword(randomness)
    }

    private static func key(_ name: String) throws(CofferError) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            byte.isASCIILetterOrDigit || "_.-".utf8.contains(byte)
        }
        guard (1...nameBytesMax).contains(name.utf8.count), isPlain, !name.containsUTF8(".."),
            !"_.-".utf8.contains(name.utf8.first ?? 0)
        else {
            throw .invalid(
                "a password policy's name must consist of letters, digits, '_', '.' and '-', begin with a letter or digit, and not contain '..'"
            )
        }
        return prefix + name
    }
}
