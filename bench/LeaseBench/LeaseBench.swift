import Foundation
import Server

/// `LeaseBench server -config FILE` is the server with an engine that leases;
/// `LeaseBench fill DIRECTORY KEY COUNT DUE SECONDS` fills its store while it does not run.
@main
struct LeaseBench {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        switch (arguments.first, arguments.count) {
        case ("server", 3):
            var options = ServerOptions(environment: ProcessInfo.processInfo.environment)
            options.configPaths = [arguments[3]]
            options.engines = [BenchEngine.description]
            try await CofferServer(options).run()
        case ("fill", 6):
            guard let count = Int(arguments[4]), let due = Int(arguments[5]), let seconds = Int(arguments[6]) else { fallthrough }
            let filling = Filling(
                directory: arguments[2], key: arguments[3], count: count, dueCount: due, dueSeconds: seconds)
            try await filling.run()
        default:
            FileHandle.standardError.write(Data("usage: LeaseBench server -config FILE\n".utf8))
            exit(2)
        }
    }
}
