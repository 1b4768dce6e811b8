import EngineKit
import Syntax

/// Runs an operation on a request's own fields, or on each element of its `batch_input`.
struct Batching: Sendable {
    typealias Operation = @Sendable (OperationInput) throws(CofferError) -> JSONObject

    /// How the answer reports that items failed.
    enum FailureReport: Sendable {
        /// The status is 400 if any item failed.
        case byStatus
        /// The status is 200, and each failed item has an error next to these members.
        case byItem(members: JSONObject)

        static let byItem = FailureReport.byItem(members: .init())
    }

    /// The largest batch that runs on the event loop. Longer ones and slow operations run on other threads, so that the
    /// event loop can serve other requests.
    private static let itemsOnLoopMax = 4
    static let bytesOnLoopMax = 256 << 10

    static let fields = [
        Field("batch_input", .any, "A list of items, each with the fields of a single request; replaces them."),
        Field(
            "partial_failure_response_code", .int,
            "The status when some items succeed and others fail. Otherwise encrypting, decrypting and rewrapping give a 400, "
                + "and signing, verifying and hmac a 200."),
    ]

    /// The fields that must be in the items if a request has a batch.
    private static let itemFields = [
        "plaintext", "ciphertext", "input", "signature", "hmac", "context", "nonce", "associated_data", "reference",
    ]
    private static let contentFields = ["plaintext", "ciphertext", "input"]

    /// Runs `operation` and returns its answer, or the answers of all items.
    ///
    /// - Parameters:
    ///   - cost: What one run of `operation` costs, which bounds the number of items.
    ///   - ignored: Fields beside ``itemFields`` that a request with a batch has in its items alone.
    static func run(
        _ request: Request, cost: WorkCost, failures report: FailureReport = .byStatus, ignoring ignored: [String] = [],
        operation: @escaping Operation
    ) async throws -> Response {
        guard let input = request.fields.any("batch_input") else {
            let item = OperationInput(request.fields)
            guard cost.isSlow || isLarge(request.fields) else { return .data(try operation(item)) }
            return .data(try await WorkThreads.shared.run { () throws(CofferError) in try operation(item) })
        }
        guard let elements = input.arrayValue else { throw CofferError.invalid("failed to parse batch input: it is not a list") }
        guard !elements.isEmpty else { throw CofferError.invalid("missing batch input to process") }
        try cost.check(elements.count)
        let outcomes: [Outcome]
        if cost.isSlow || elements.count > itemsOnLoopMax || elements.contains(where: isLarge) {
            outcomes = try await WorkThreads.shared.map(elements.count) { index throws(CofferError) in
                outcome(of: elements[index], report: report, operation: operation)
            }
        } else {
            outcomes = elements.map { outcome(of: $0, report: report, operation: operation) }
        }
        var response = response(outcomes, report: report, fields: request.fields)
        let unread = (itemFields + ignored).filter(request.fields.has)
        if !unread.isEmpty {
            response.warnings.append(
                "Endpoint ignored these parameters beside batch_input, where each item has its own: "
                    + "[\(unread.joined(separator: " "))]")
        }
        return response
    }

    private static func isLarge(_ fields: Fields) -> Bool {
        contentFields.contains { fields.text($0).utf8.count > bytesOnLoopMax }
    }

    private static func isLarge(_ element: JSON) -> Bool {
        guard let object = element.objectValue else { return false }
        return contentFields.contains { object[$0]?.stringValue?.utf8.count ?? 0 > bytesOnLoopMax }
    }

    private struct Outcome: Sendable {
        var data: JSONObject
        var isSuccess: Bool
    }

    private static func outcome(of element: JSON, report: FailureReport, operation: Operation) -> Outcome {
        guard let object = element.objectValue else {
            return failure("a batch item must be an object", reference: "", report: report)
        }
        let item = OperationInput(object)
        do throws(CofferError) {
            var outcome = Outcome(data: try operation(item), isSuccess: true)
            outcome.data["reference"] = .string(item.reference)
            return outcome
        } catch {
            return failure(error.messages.joined(separator: "; "), reference: item.reference, report: report)
        }
    }

    private static func failure(_ message: String, reference: String, report: FailureReport) -> Outcome {
        var data = JSONObject()
        if case .byItem(let members) = report { data = members }
        data["error"] = .string(message)
        data["reference"] = .string(reference)
        return Outcome(data: data, isSuccess: false)
    }

    /// Returns the answer. The caller may choose the status for a batch of which some items succeeded and others failed.
    private static func response(_ outcomes: [Outcome], report: FailureReport, fields: Fields) -> Response {
        var response = Response.data(["batch_results": .array(outcomes.map { .object($0.data) })])
        guard outcomes.contains(where: { !$0.isSuccess }) else { return response }
        var usual: Int?
        if case .byStatus = report { usual = 400 }
        response.status = usual
        guard let code = fields.int("partial_failure_response_code"), outcomes.contains(where: \.isSuccess) else { return response }
        if (200...599).contains(code) {
            response.status = code
        } else {
            response.warnings.append(
                "invalid HTTP response code override from partial_failure_response_code, reverting to HTTP \(usual ?? 200)")
        }
        return response
    }
}
