internal import ArgumentParser
internal import Audit
internal import CofferClient
internal import Foundation
internal import Syntax

/// Finds the records of a token, an accessor or a path.
///
/// A narrowed token has another hash than the token that it was derived from, but the same accessor. A search for a token therefore
/// continues with the accessors in the records that it finds.
struct AuditSearchCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer audit search [options] <file> ...", "Find the records of a token, an accessor or a path in audit files.",
        notes: """
            A search for a token also finds the tokens that were narrowed from it, because they share its accessor. The values \
            in the file are hashes, which the server computes. A value that begins with hmac-sha256: is used as the hash, \
            without a request to the server. Requests for hashes, such as those of this search, are omitted. With \
            -format=json each record is one line. The file is not verified: run `coffer audit verify` as well.
            """,
        examples: "coffer audit search -token=- /var/log/coffer/audit.log < token",
        "coffer audit search -accessor=0e9f... audit.log audit.log.1", "coffer audit search -path='secret/data/app/*' audit.log")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Option(help: .init("A token, or - to read it from the standard input.", valueName: "token")) var token: String?
    @Option(help: .init("The accessor of a token.", valueName: "accessor")) var accessor: String?
    @Option(help: .init("A path, or the beginning of paths followed by *.", valueName: "path")) var path: String?
    @Option(help: .init("The device that wrote the files (default: found by the file's path).", valueName: "name"))
    var device: String?
    @Argument(help: .init("The audit files.", valueName: "file")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        guard [token, accessor, path].compactMap({ $0 }).count == 1 else {
            throw CommandFailure.local("Give exactly one of -token, -accessor and -path")
        }
        var search = AuditSearch()
        if let path { search.path = AuditSearch.PathRule(path) }
        if let accessor { search.hashes = [accessor, try await hash(accessor, session)] }
        if let token {
            let text = token == "-" ? ArgumentText.trimmed(try session.system.input.text(of: "-")) : token
            guard !text.isEmpty else { throw CommandFailure.local("The token is empty") }
            let hash = try await hash(text, session)
            search.hashes = try AuditSearch.accessors(ofToken: hash, in: arguments).union([hash])
        }
        try report(search, session)
    }

    private func hash(_ value: String, _ session: Session) async throws -> String {
        if value.utf8.starts(with: AuditSearch.hashPrefix.utf8) { return value }
        let name = try await session.auditDevice(writing: arguments[0], named: device)
        let body: JSON = ["input": .string(value)]
        let answer = try await session.call("Error asking for the hash of the value") {
            try await $0.request(.put, "sys/audit-hash/\(name)", body: body).json
        }
        guard let hash = answer?["data"]?["hash"]?.stringValue ?? answer?["hash"]?.stringValue else {
            throw CommandFailure.server("The server's answer does not contain a hash.")
        }
        return hash
    }

    private func report(_ search: AuditSearch, _ session: Session) throws {
        var (found, rows) = (0, [[String]]())
        try search.run(arguments) { line in
            found += 1
            if !session.printer.isTable {
                // One line for each record, so that records can be printed as they are found.
                session.console.output(String(decoding: line.encoded(), as: UTF8.self))
            } else if rows.count < AuditSearch.rowsMax {
                rows.append(AuditSearch.row(of: line))
            }
        }
        guard found > 0 else {
            if !session.printer.isTable { try session.printer.value([:]) }
            throw CommandFailure.server("No record was found.")
        }
        guard session.printer.isTable else { return }
        session.console.output(Table(header: AuditSearch.header, rows: rows).text)
        if found > rows.count {
            session.console.error("\(found - rows.count) more records were found. Print all of them with -format=json.")
        }
    }
}
