/// The operations of a path, each declared by a call that returns the path with one operation more.
extension EnginePath {
    /// Handles one request whose answer has no content.
    package typealias SilentHandler = @Sendable (Request) async throws -> Void

    /// Declares how the path is read; by default, as an operation that changes nothing.
    package func reading(
        _ summary: String, changesNothing: Bool = true, answers contentType: String? = nil, _ handler: @escaping Handler
    ) -> EnginePath {
        adding(.read, Endpoint(summary, changesNothing: changesNothing, answers: contentType, handler))
    }

    /// Declares how the names below the path are listed; by default, as an operation that changes nothing.
    package func listing(_ summary: String, changesNothing: Bool = true, _ handler: @escaping Handler) -> EnginePath {
        adding(.list, Endpoint(summary, changesNothing: changesNothing, handler))
    }

    /// Declares how the path is created where that differs from an update.
    package func creating(_ summary: String, _ handler: @escaping Handler) -> EnginePath {
        adding(.create, Endpoint(summary, handler))
    }

    /// Declares how the path is written. `changesNothing` is for a calculation whose input is too large, or too secret, for a query.
    package func updating(
        _ summary: String, changesNothing: Bool = false, takes body: RequestBody = .json, answers contentType: String? = nil,
        _ handler: @escaping Handler
    ) -> EnginePath {
        adding(.update, Endpoint(summary, changesNothing: changesNothing, takes: body, answers: contentType, handler))
    }

    /// Declares how the path is written, for a handler that answers nothing.
    package func updatingWithoutAnswer(_ summary: String, _ handler: @escaping SilentHandler) -> EnginePath {
        adding(.update, Endpoint(summary, Self.answeringNothing(handler)))
    }

    /// Declares how the path is changed in part.
    package func patching(_ summary: String, _ handler: @escaping Handler) -> EnginePath {
        adding(.patch, Endpoint(summary, handler))
    }

    /// Declares how the path is deleted, which answers nothing.
    package func deleting(_ summary: String, _ handler: @escaping SilentHandler) -> EnginePath {
        adding(.delete, Endpoint(summary, Self.answeringNothing(handler)))
    }

    /// Returns the path with an operation more.
    package func adding(_ operation: Operation, _ endpoint: Endpoint) -> EnginePath {
        EnginePath(self, endpoints: endpoints.merging([operation: endpoint]) { $1 })
    }

    /// Returns the path with a step that is done before each of its handlers.
    package func preceded(by step: @escaping @Sendable () async throws -> Void) -> EnginePath {
        endpoints.reduce(self) { path, declared in
            let (operation, endpoint) = declared
            var preceded = endpoint
            preceded.handler = { request in
                try await step()
                return try await endpoint.handler(request)
            }
            return path.adding(operation, preceded)
        }
    }

    private static func answeringNothing(_ handler: @escaping SilentHandler) -> Handler {
        { request in
            try await handler(request)
            return .empty
        }
    }
}
