import Barrier
import Foundation
import Logging

/// The seal to use and the one to leave.
struct ConfiguredSeals {
    /// Without a seal block: the platform's seed variables, else Shamir shares.
    var current: any Seal
    /// Marked `disabled`: still opens what it sealed while the current one takes over.
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
            // A store that the seed variables sealed can be moved to the configured seal.
            previous = seed
        } else {
            current = seed ?? ShamirSeal()
        }
        if let left = configuration.seals.first(where: \.isDisabled) { previous = try make(left) }
    }
}
