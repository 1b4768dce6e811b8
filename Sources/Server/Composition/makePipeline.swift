import Core
import EngineKit
import Logging
import Syntax

/// The one place where the rooms below are put together.
func makePipeline(_ configuration: ServerConfiguration, _ logs: LogStream) async throws -> Composition {
    Composition(pipeline: HealthOnlyPipeline())
}

/// Stands in for the core: knows nothing but that the server is up.
private struct HealthOnlyPipeline: Pipeline {
    func handle(_ request: CoreRequest) async -> CoreAnswer {
        guard request.path == "sys/health" else { return CoreAnswer(requestID: request.id, outcome: .failure(.sealed)) }
        let health: JSONObject = ["initialized": false, "sealed": true, "standby": true, "version": "1.17.0+coffer.0.1.0"]
        return CoreAnswer(requestID: request.id, outcome: .success(.bare(health, status: 501)))
    }
}
