import EngineKit
import StoreKit
@testable import ProjectsEngine

extension Golden {
    static let ofProjects: [Golden] =
        ["project", "project-implicit"].map { name in
            Golden(name) { try required(ProjectRecord(encoded: $0)).encoded() }
        }
        + [
            Golden("project-default") { bytes in
                let read = ProjectStore(storage: try await MemoryStorage.holding(["default": bytes]))
                let name = try required(await read.defaultName())
                let storage = try await MemoryStorage.holding(["project/\(name)": try GoldenFiles.bytes("project")])
                _ = try required(await ProjectStore(storage: storage).setDefault(name))
                return try await storage.bytes("default")
            }
        ]
}
