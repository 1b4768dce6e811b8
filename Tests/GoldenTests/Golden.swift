import Foundation
import Testing

/// A stored record as a server wrote it, in `Tests/golden/`, and what reads it and writes it again.
///
/// A store that an older server wrote must open for ever, so these files are never changed: a kind that gets a new form gets a
/// new file beside the old one.
struct Golden: Sendable, CustomTestStringConvertible {
    /// The file's name without its ending.
    var name: String
    /// Reads the record and gives what is written for what was read.
    var rewrite: @Sendable ([UInt8]) async throws -> [UInt8]

    init(_ name: String, _ rewrite: @escaping @Sendable ([UInt8]) async throws -> [UInt8]) {
        self.name = name
        self.rewrite = rewrite
    }

    var testDescription: String { name }

    static let all: [Golden] = [
        Golden.ofAudit, Golden.ofAuthMethods, Golden.ofBarrier, Golden.ofConnections, Golden.ofCore, Golden.ofDatabases,
        Golden.ofEngineKit, Golden.ofIdentity, Golden.ofIdentityTokens, Golden.ofKV, Golden.ofLifetimes, Golden.ofProjects,
        Golden.ofTransit, Golden.ofUserSecrets,
    ].flatMap(\.self)
}

/// The files: `.json` and `.txt` are the record and a final newline; `.hex` is hexadecimal text with lines of `#` for people.
enum GoldenFiles {
    struct Damaged: Error { var file: String }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("golden").path

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).map { String($0.prefix { $0 != "." }) }.sorted()
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        for ending in ["json", "txt"] {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(name).\(ending)") else { continue }
            guard data.last == UInt8(ascii: "\n") else { throw Damaged(file: name) }
            return [UInt8](data.dropLast())
        }
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name).hex") else { throw Damaged(file: name) }
        let digits = String(decoding: data, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }.joined()
        var bytes: [UInt8] = []
        var rest = digits[...]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { throw Damaged(file: name) }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}

/// A record that could not be read.
struct Unreadable: Error {}

func required<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Unreadable() }
    return value
}
