internal import ArgumentParser
internal import CofferClient
internal import Syntax

/// Where a project's secrets of one environment lie: `services/<project>/[<scope>/]<env>/`.
struct ServicePlace: ParsableArguments {
    @Option(help: ArgumentHelp("The project.", valueName: "name")) var project: String
    @Option(name: .customLong("env"), help: ArgumentHelp("The environment, such as prod.", valueName: "name")) var env: String
    @Option(help: ArgumentHelp("What stands before the environment in the path.", valueName: "path")) var scope: String?
    @Option(help: ArgumentHelp("The mount of the Service API.", valueName: "path")) var mount: String = "services"

    /// With a final slash.
    func folder() throws(CommandFailure) -> String {
        var parts: [String] = []
        for part in [project, scope, env] {
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
            let secret = try await session.call("Error reading \(path)") { try await $0.read(path) }
            // Deleted since it was listed, or long before.
            guard let data = secret?.data?["data"]?.objectValue else { continue }
            found.append((name, data["value"] ?? .object(data)))
        }
        return found
    }

    private func names(_ session: Session) async throws -> [String] {
        let path = "\(try mountPath())/metadata/\(try folder())"
        let listed = try await session.call("Error listing \(path)") {
            try await $0.list(path, query: [QueryItem("recursive", "true")])
        }
        return (listed?.data?["keys"]?.arrayValue ?? []).compactMap(\.stringValue).filter { !$0.hasSuffix("/") }
    }
}
