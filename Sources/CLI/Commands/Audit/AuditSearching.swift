internal import Audit
internal import Syntax

/// A search of audit files, line by line.
struct AuditSearch {
    static let hashPrefix = "hmac-sha256:"
    /// The largest number of rows of a table, which is kept in memory. JSON is printed as it is found.
    static let rowsMax = 10_000
    /// The largest number of accessors of one token. A file that contains more was not written by the server.
    private static let accessorsMax = 1_000

    static let header = ["Time", "Type", "Operation", "Path", "Who", "Address", "Error"]

    /// A path to search for, or the beginning of paths.
    struct PathRule {
        private let bytes: [UInt8]
        private let isPrefix: Bool

        init(_ text: String) {
            var bytes = Array(text.utf8.drop { $0 == UInt8(ascii: "/") })
            isPrefix = bytes.last == UInt8(ascii: "*")
            if isPrefix { bytes.removeLast() }
            self.bytes = bytes
        }

        func matches(_ path: String) -> Bool { isPrefix ? path.utf8.starts(with: bytes) : path.utf8.elementsEqual(bytes) }
    }

    /// Values of which a matching line contains at least one. In a line they are always quoted.
    var hashes: Set<String> = []
    var path: PathRule?

    /// Calls `body` for each matching record, file by file.
    func run(_ files: [String], _ body: (JSON) throws -> Void) throws {
        let needles = hashes.map { Array("\"\($0)\"".utf8) }
        for file in files {
            var failure: (any Error)?
            try Self.lines(file) { line in
                guard path != nil || needles.contains(where: { Self.contains($0, in: line) }) else { return true }
                guard let json = try? JSON(parsing: Array(line)), path.map({ Self.matches($0, json) }) ?? !Self.asksForHash(json)
                else { return true }
                do {
                    try body(json)
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
            if let failure { throw failure }
        }
    }

    /// Returns the accessors of a token as the lines with its hash contain them, usually hashed.
    static func accessors(ofToken hash: String, in files: [String]) throws -> Set<String> {
        var found: Set<String> = []
        let needle = Array("\"\(hash)\"".utf8)
        for file in files {
            try lines(file) { line in
                guard contains(needle, in: line), let json = try? JSON(parsing: Array(line)) else { return true }
                let pairs = [
                    (json["auth"]?["client_token"], json["auth"]?["accessor"]),
                    (json["request"]?["client_token"], json["request"]?["client_token_accessor"]),
                    (json["response"]?["auth"]?["client_token"], json["response"]?["auth"]?["accessor"]),
                ]
                for case (let token?, let accessor?) in pairs where token.stringValue == hash {
                    if let accessor = accessor.stringValue, !accessor.isEmpty { found.insert(accessor) }
                }
                return found.count < accessorsMax
            }
        }
        return found
    }

    /// Returns a record as a row of a table.
    static func row(of line: JSON) -> [String] {
        let (request, auth) = (line["request"], line["auth"])
        return [
            line["time"]?.stringValue ?? "", line["type"]?.stringValue ?? "", request?["operation"]?.stringValue ?? "",
            request?["path"]?.stringValue ?? "", auth?["display_name"]?.stringValue ?? "",
            request?["remote_address"]?.stringValue ?? "", line["error"]?.stringValue ?? "",
        ]
    }

    /// Returns whether a record is of a request for a hash, which a search makes too and would find.
    private static func asksForHash(_ line: JSON) -> Bool {
        line["request"]?["path"]?.stringValue?.utf8.starts(with: "sys/audit-hash/".utf8) == true
    }

    private static func matches(_ rule: PathRule, _ line: JSON) -> Bool {
        line["request"]?["path"]?.stringValue.map(rule.matches) ?? false
    }

    private static func lines(_ file: String, _ body: (UnsafeRawBufferPointer) -> Bool) throws {
        try CommandFailure.reporting { try AuditFile.lines(file, body) }
    }

    private static func contains(_ needle: [UInt8], in line: UnsafeRawBufferPointer) -> Bool {
        guard let first = needle.first, line.count >= needle.count else { return false }
        var start = 0
        while let found = line[start...].firstIndex(of: first), line.count - found >= needle.count {
            if line[found..<found + needle.count].elementsEqual(needle) { return true }
            start = found + 1
        }
        return false
    }
}
