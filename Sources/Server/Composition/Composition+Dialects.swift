import Core
import EngineAPI
import EngineKit
import HTTPShell
import Logging
import ServiceAPI
import UserAPI
import VaultAPI

extension Composition {
    /// Returns the dialects in the order in which a path is matched. The prefix of the Service API matches every path, so
    /// it is last.
    static func dialects(
        _ pipeline: any Pipeline, _ serviceAPI: ServiceComposition?, users: UserSettings?, time: any TimeSource, logger: Logger
    ) -> [any Dialect] {
        var dialects: [any Dialect] = [VaultDialect(pipeline: pipeline)]
        dialects += EngineDialect.all(pipeline: pipeline)
        if let users { dialects.append(UserDialect(pipeline: pipeline, settings: users, time: time)) }
        if let serviceAPI {
            dialects.append(
                ServiceDialect(
                    pipeline: pipeline, settings: serviceAPI.settings, directory: serviceAPI.directory,
                    verifier: serviceAPI.verifier, logger: logger))
        }
        return dialects
    }
}
