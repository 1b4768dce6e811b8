internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// Where a project's secrets of one environment lie: `services/<project>/[<scope>/]<env>/`.
struct ServicePlace: ParsableArguments {
    @Option(help: ArgumentHelp("The project.", valueName: "name")) var project: String
    @Option(name: .customLong("env"), help: ArgumentHelp("The environment, such as prod.", valueName: "name")) var env: String
    @Option(help: ArgumentHelp("The path between the project and the environment, if any.", valueName: "path")) var scope: String?
    @Option(help: ArgumentHelp("The mount of the Service API.", valueName: "path")) var mount: String = "services"

    /// With a final slash.
    func folder() throws(CommandFailure) -> String {
        var parts: [String] = []
        for part in [project, scope.unlessEmpty, env] {
            guard let part else { continue }
            parts.append(try ArgumentText.requiredPath(part))
        }
        return parts.joined(separator: "/") + "/"
    }

    func mountPath() throws(CommandFailure) -> String { try ArgumentText.requiredPath(mount) }

    /// The secrets there, with their paths below the folder.
    func secrets(_ session: Session) async throws -> [(path: String, value: JSON)] {
        let (mount, folder) = (try mountPath(), try folder())
        let names = try await names(session)
        var found: [(path: String, value: JSON)] = []
        for name in names {
            let path = "\(mount)/data/\(folder)\(name)"
            let secret = try await session.call("Error reading \(path)") { try await session.unwrapped($0).read(path) }
            // Deleted since it was listed, or long before.
            guard let data = secret?.data?["data"]?.objectValue else { continue }
            found.append((name, data["value"] ?? .object(data)))
        }
        return found
    }

    private func names(_ session: Session) async throws -> [String] {
        let path = "\(try mountPath())/metadata/\(try folder())"
        let listed = try await session.call("Error listing \(path)") {
            try await session.unwrapped($0).list(path, query: [QueryItem("recursive", "true")])
        }
        return (listed?.data?["keys"]?.arrayValue ?? []).compactMap(\.stringValue).filter { !$0.isEnding(in: "/") }
    }

    /// What to say when there is nothing: a name that was mistyped must not start a program without its secrets.
    func failureOfNone(_ session: Session) async throws -> CommandFailure {
        let (mount, folder) = (try mountPath(), try folder())
        var text = "There are no secrets in \(mount)/\(folder) that this token may list. Check -project, -env and -scope."
        let above = ([project, scope.unlessEmpty].compactMap { $0 }.map { ArgumentText.path($0) }).joined(separator: "/")
        // Only a help: a token that may not list there gets the text without it.
        let listed = try? await session.lookupClient().list("\(mount)/metadata/\(above)/")?.data?["keys"]?.arrayValue
        let folders = (listed ?? []).compactMap(\.stringValue).filter { $0.isEnding(in: "/") }
        if !folders.isEmpty { text += "\nIn \(mount)/\(above)/ there are: \(folders.prefix(20).joined(separator: ", "))" }
        return .server(text)
    }
}
