import EngineKit
import Syntax

/// Runs an operation on a request's own fields, or on each element of its `batch_input`.
struct Batching: Sendable {
    typealias Operation = @Sendable (Item) throws(CofferError) -> JSONObject

    /// Longer batches and slow operations leave the event loop to others.
    private static let itemsOnLoopMax = 4

    static let fields = [
        Field("batch_input", .any, "A list of items, each with the fields of a single request; replaces them."),
        Field("partial_failure_response_code", .int, "The status when some items succeed and others fail; 400 otherwise."),
    ]

    static func run(_ request: Request, isSlow: Bool, _ operation: @escaping Operation) async throws -> Response {
        guard let input = request.fields.any("batch_input") else {
            let item = Item(request.fields)
            let data = try await isSlow ? offLoop { () throws(CofferError) in try operation(item) } : operation(item)
            return .data(data)
        }
        guard let elements = input.arrayValue else { throw CofferError.invalid("failed to parse batch input: it is not a list") }
        guard !elements.isEmpty else { throw CofferError.invalid("missing batch input to process") }
        let work: @Sendable () -> [Outcome] = { elements.map { outcome(of: $0, operation) } }
        let outcomes = isSlow || elements.count > itemsOnLoopMax ? await offLoop(work) : work()
        return response(outcomes, request.fields)
    }

    private struct Outcome: Sendable {
        var data: JSONObject
        var isSuccess: Bool
    }

    private static func outcome(of element: JSON, _ operation: Operation) -> Outcome {
        guard let object = element.objectValue else {
            return Outcome(data: ["error": "a batch item must be an object", "reference": ""], isSuccess: false)
        }
        let item = Item(object)
        var outcome: Outcome
        do throws(CofferError) {
            outcome = Outcome(data: try operation(item), isSuccess: true)
        } catch {
            outcome = Outcome(data: ["error": .string(error.messages.joined(separator: "; "))], isSuccess: false)
        }
        outcome.data["reference"] = .string(item.reference)
        return outcome
    }

    /// 400 as soon as one item failed, unless some succeeded and the caller named another status for that.
    private static func response(_ outcomes: [Outcome], _ fields: Fields) -> Response {
        var response = Response.data(["batch_results": .array(outcomes.map { .object($0.data) })])
        guard outcomes.contains(where: { !$0.isSuccess }) else { return response }
        response.status = 400
        guard let code = fields.int("partial_failure_response_code"), outcomes.contains(where: \.isSuccess) else { return response }
        if (200...599).contains(code) {
            response.status = code
        } else {
            response.warnings.append(
                "invalid HTTP response code override from partial_failure_response_code, reverting to HTTP 400")
        }
        return response
    }

    /// Runs on the pool of threads that no socket waits for.
    static func offLoop<Result: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let result = await Task.detached { () -> Swift.Result<Result, Failure> in
            do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
        }.value
        return try result.get()
    }
}
