import Syntax

/// The settings of a `seal "static"` block. Each key is `env://NAME`, `file:///path` or the key itself.
package struct StaticSealConfiguration: Sendable {
    /// The id of the current key: 1 to 128 letters, digits, dots, dashes, colons or underscores.
    package var currentKeyID: String
    /// The key that encrypts the root key.
    package var currentKey: String
    /// The id of the previous key, while the key is being replaced.
    package var previousKeyID: String?
    /// The key that the current one replaces.
    package var previousKey: String?

    /// Creates the settings.
    package init(currentKeyID: String, currentKey: String, previousKeyID: String? = nil, previousKey: String? = nil) {
        self.currentKeyID = currentKeyID
        self.currentKey = currentKey
        self.previousKeyID = previousKeyID
        self.previousKey = previousKey
    }
}

extension StaticSeal {
    /// Reads the keys of `configuration`. An error names the source of a key, never its content.
    package init(_ configuration: StaticSealConfiguration, sources: KeySources) throws(SealError) {
        current = try Self.load(configuration.currentKeyID, configuration.currentKey, name: "current_key", from: sources)
        switch (configuration.previousKeyID, configuration.previousKey) {
        case (nil, nil):
            previous = []
        case (let id?, let key?):
            guard id != configuration.currentKeyID else { throw .refusedKey(source: "previous_key_id", .invalidName) }
            previous = [try Self.load(id, key, name: "previous_key", from: sources)]
        case (nil, _): throw .refusedKey(source: "previous_key_id", .missing)
        case (_, nil): throw .refusedKey(source: "previous_key", .missing)
        }
    }

    /// Reads the key that `text` refers to.
    private static func load(
        _ id: String, _ text: String, name: String, from sources: KeySources
    ) throws(SealError) -> WrappingKey {
        guard (1...128).contains(id.utf8.count), id.utf8.allSatisfy(isNameByte) else {
            throw .refusedKey(source: name + "_id", .invalidName)
        }
        let source = KeySources.name(of: text) ?? name
        do throws(KeyRefusal) {
            var raw = try sources.read(text)
            defer { KeySources.wipe(&raw) }
            return WrappingKey(id: id, key: try ConfiguredKey.decode(raw), source: source)
        } catch {
            throw .refusedKey(source: source, error)
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || ".-_:".utf8.contains(byte)
    }
}
