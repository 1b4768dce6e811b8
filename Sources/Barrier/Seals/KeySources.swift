import SecretMemory
import Syntax

/// Reads configured keys from the environment and from files. Both are injected.
package struct KeySources: Sendable {
    private let lookup: @Sendable (String) -> String?
    private let readFile: @Sendable (String) throws -> [UInt8]

    /// Creates a reader. `lookup` returns the value of an environment variable, and `readFile` the content of a small
    /// file.
    package init(lookup: @escaping @Sendable (String) -> String?, readFile: @escaping @Sendable (String) throws -> [UInt8]) {
        self.lookup = lookup
        self.readFile = readFile
    }

    /// Returns `text` if it refers to a variable or a file, or nil if it is a key itself.
    static func name(of text: String) -> String? {
        text.hasUTF8Prefix("env://") || text.hasUTF8Prefix("file://") ? text : nil
    }

    /// Returns the bytes of a key that is given as `env://NAME`, `file:///path` or as the key itself.
    func read(_ text: String) throws(KeyRefusal) -> [UInt8] {
        if text.hasUTF8Prefix("env://") {
            guard let bytes = try variable(String(text.dropFirstUTF8(6))) else { throw .missing }
            return bytes
        }
        if text.hasUTF8Prefix("file://") { return try file(String(text.dropFirstUTF8(7))) }
        return Array(text.utf8)
    }

    /// Returns the value of a variable, or the content of the file that its `_FILE` form names. Returns nil if neither
    /// is set.
    func variable(_ name: String) throws(KeyRefusal) -> [UInt8]? {
        let value = lookup(name).flatMap { $0.isEmpty ? nil : $0 }
        let path = lookup(name + "_FILE").flatMap { $0.isEmpty ? nil : $0 }
        switch (value, path) {
        case (nil, nil): return nil
        case (let value?, nil): return Array(value.utf8)
        case (nil, let path?): return try file(path)
        case (_?, _?): throw .ambiguous
        }
    }

    /// Returns the content of a file. The path must be absolute.
    private func file(_ path: String) throws(KeyRefusal) -> [UInt8] {
        guard path.hasUTF8Prefix("/"), let bytes = try? readFile(path) else { throw .unreadable }
        return bytes
    }

    /// Overwrites the bytes of a key with zeros.
    static func wipe(_ bytes: inout [UInt8]) { zero(&bytes) }
}
