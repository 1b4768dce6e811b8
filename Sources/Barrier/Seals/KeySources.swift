import SecretMemory
import Syntax

/// Where configured keys are read from: the environment and files, both injected.
package struct KeySources: Sendable {
    private let lookup: @Sendable (String) -> String?
    private let readFile: @Sendable (String) throws -> [UInt8]

    /// `lookup` gives a variable of the environment, `readFile` a whole (small) file.
    package init(lookup: @escaping @Sendable (String) -> String?, readFile: @escaping @Sendable (String) throws -> [UInt8]) {
        self.lookup = lookup
        self.readFile = readFile
    }

    /// What a key's text points at, when it is no key itself.
    static func name(of text: String) -> String? {
        text.hasUTF8Prefix("env://") || text.hasUTF8Prefix("file://") ? text : nil
    }

    /// The bytes that `env://NAME`, `file:///path` or an inline key stands for.
    func read(_ text: String) throws(KeyRefusal) -> [UInt8] {
        if text.hasUTF8Prefix("env://") {
            guard let bytes = try variable(String(text.dropFirstUTF8(6))) else { throw .missing }
            return bytes
        }
        if text.hasUTF8Prefix("file://") { return try file(String(text.dropFirstUTF8(7))) }
        return Array(text.utf8)
    }

    /// A variable, or the file that its `_FILE` form names. Nil when neither is set.
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

    private func file(_ path: String) throws(KeyRefusal) -> [UInt8] {
        guard path.hasUTF8Prefix("/"), let bytes = try? readFile(path) else { throw .unreadable }
        return bytes
    }

    static func wipe(_ bytes: inout [UInt8]) { zero(&bytes) }
}
