import Barrier
import Foundation
import Logging

/// The seal to use, and the one that it replaces.
struct ConfiguredSeals {
    /// The configured seal. Without a seal block it is a key from the seed variables, or Shamir
    /// shares if they are not set.
    var current: any Seal
    /// The seal that is marked `disabled`, or nil. It decrypts what it encrypted until the current one has taken over.
    var previous: (any Seal)?

    init(_ configuration: ServerConfiguration, logger: Logger) throws {
        let environment = configuration.environment
        let lookup: @Sendable (String) -> String? = { environment[$0] }
        let readFile: @Sendable (String) throws -> [UInt8] = { path in
            FilePrivacy.warn(path, holds: "the seal key", logger)
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        let sources = KeySources(lookup: lookup, readFile: readFile)
        func make(_ seal: ServerConfiguration.Seal) throws -> any Seal {
            guard case .static(let id, let key, let previousID, let previousKey) = seal.mechanism else { return ShamirSeal() }
            return try StaticSeal(
                StaticSealConfiguration(currentKeyID: id, currentKey: key, previousKeyID: previousID, previousKey: previousKey),
                sources: sources)
        }
        let seed = configuration.dev == nil ? try SeedKey.fromEnvironment(lookup: lookup, readFile: readFile) : nil
        if let active = configuration.seals.first(where: { !$0.isDisabled }) {
            current = try make(active)
            // Allows a migration from the seed variables to the configured seal.
            previous = seed
        } else {
            current = seed ?? ShamirSeal()
        }
        if let left = configuration.seals.first(where: \.isDisabled) { previous = try make(left) }
    }
}
