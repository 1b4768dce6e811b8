internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// The folder of a project's secrets of one environment: `services/<project>/[<scope>/]<env>/`.
struct ServicePlace: ParsableArguments {
    @Option(help: .init("The project.", valueName: "name")) var project: String
    @Option(help: .init("The environment, such as prod.", valueName: "name")) var env: String
    @Option(help: .init("The path between the project and the environment, if any.", valueName: "path")) var scope: String?
    @Option(help: .init("The mount of the Service API.", valueName: "path")) var mount: String = "services"

    /// Returns the path of the folder below the mount, with a slash at the end.
    func folder() throws(CommandFailure) -> String {
        var parts: [String] = []
        for part in [project, scope.unlessEmpty, env] {
            guard let part else { continue }
            parts.append(try ArgumentText.requiredPath(part))
        }
        return parts.joined(separator: "/") + "/"
    }

    func mountPath() throws(CommandFailure) -> String { try ArgumentText.requiredPath(mount) }

    /// Returns the secrets in the folder, with their paths below it.
    func secrets(_ session: Session) async throws -> [(path: String, value: JSON)] {
        let (mount, folder) = (try mountPath(), try folder())
        let names = try await names(session)
        var found: [(path: String, value: JSON)] = []
        for name in names {
            let path = "\(mount)/data/\(folder)\(name)"
            let secret = try await session.call("Error reading \(path)") { try await session.unwrapped($0).read(path) }
            // A deleted secret is listed too.
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
        return (listed?.data?["keys"]?.arrayValue ?? []).compactMap(\.stringValue).filter { !$0.ends(with: "/") }
    }

    /// Returns the failure for an empty folder. A mistyped name must not start a program without its secrets.
    func failureOfNone(_ session: Session) async throws -> CommandFailure {
        let (mount, folder) = (try mountPath(), try folder())
        var text = "The token cannot list any secrets in \(mount)/\(folder). Check -project, -env and -scope."
        let above = ([project, scope.unlessEmpty].compactMap { $0 }.map { ArgumentText.path($0) }).joined(separator: "/")
        // The list of folders is optional: a token that may not list them gets the message without it.
        let listed = try? await session.lookupClient().list("\(mount)/metadata/\(above)/")?.data?["keys"]?.arrayValue
        let folders = (listed ?? []).compactMap(\.stringValue).filter { $0.ends(with: "/") }
        if !folders.isEmpty { text += "\nFolders in \(mount)/\(above)/: \(folders.prefix(20).joined(separator: ", "))" }
        return .server(text)
    }
}
