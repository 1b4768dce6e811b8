internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The command `coffer patch`.
struct PatchCommand: SessionCommand {
    static let configuration = CommandConfiguration.command(
        "coffer patch [options] <path> [<key=value> ...]", "Merge data into the record at a path.",
        notes: "A member that is null in a @file.json is removed.",
        examples: "coffer patch identity/entity/name/ann disabled=true")
    @OptionGroup(title: "Connection and output") var global: GlobalOptions
    @Flag(name: [.long, .customShort("f")], help: "Patch without any data.") var force = false
    @Option(help: "Print only this field of the answer.") var field: String?
    @Argument(help: .init("The path, then key=value.", valueName: "path")) var arguments: [String] = []

    func run(_ session: Session) async throws {
        try arguments.expect(atLeast: 1)
        guard arguments.count > 1 || force else { throw CommandFailure.local("Must supply data, such as key=value, or use -force") }
        let path = try ArgumentText.requiredPath(arguments[0])
        let data = try KeyValueArguments.parse(Array(arguments.dropFirst()), input: session.system.input)
        let response = try await session.call("Error writing data to \(path)") {
            try await $0.request(.patch, path, body: .object(data), headers: [.mergePatch])
        }
        guard !response.body.isEmpty else {
            try session.printer.success("Success! Data written to: \(path)")
            return
        }
        try Answer(response).write(to: session, path: path, field: field)
    }
}
