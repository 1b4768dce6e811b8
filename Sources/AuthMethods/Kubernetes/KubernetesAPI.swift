import EngineKit
import Outbound
import Records
import Syntax

/// Asks a cluster's API about tokens and namespaces.
struct KubernetesAPI: Sendable {
    let outbound: any Outbound
    let troubles: TroubleLog
    /// The API, as an operator configured it.
    let target: OutboundTarget

    /// The largest answer. A namespace may have 256 KiB of annotations beside its labels.
    static let answerBytesMax = 1 << 20

    /// What the cluster says of a token that it accepts.
    struct Review: Sendable, Hashable {
        var username: String
        var uid: String
        var audiences: [String]
    }

    /// What a caller is told when the cluster cannot be asked. The reason is in the log, since it may name inner addresses.
    static let unavailable = CofferError(
        .unavailable, "the Kubernetes API could not be asked about the token; try again, and see the server's log")

    /// Asks the cluster about a token (authentication.k8s.io/v1, TokenReview). Returns nil for one that it does not accept.
    ///
    /// - Parameter reviewer: The token of an account that may ask.
    func review(_ token: String, audience: String, by reviewer: String) async throws(CofferError) -> Review? {
        var specification: JSONObject = ["token": .string(token)]
        if !audience.isEmpty { specification["audiences"] = [.string(audience)] }
        let body: JSONObject = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": .object(specification),
        ]
        let answer = try await ask(
            "/apis/authentication.k8s.io/v1/tokenreviews", by: reviewer, body: JSON.object(body).encoded())
        guard let answer else { return nil }
        guard answer["kind"]?.stringValue == "TokenReview", let status = answer["status"]?.objectValue else {
            troubles.warn("the Kubernetes API did not answer as it should", reason: "the answer is no TokenReview")
            throw Self.unavailable
        }
        guard status["authenticated"] == .bool(true), status["error"]?.stringValue ?? "" == "",
            let user = status["user"]?.objectValue, let username = user["username"]?.stringValue, let uid = user["uid"]?.stringValue
        else { return nil }
        return Review(username: username, uid: uid, audiences: status["audiences"]?.texts ?? [])
    }

    /// Returns the labels of a namespace, or nil if the cluster does not show it.
    func labels(ofNamespace name: String, by reviewer: String) async throws(CofferError) -> [String: String]? {
        guard let answer = try await ask("/api/v1/namespaces/" + name, by: reviewer) else { return nil }
        guard let metadata = answer["metadata"]?.objectValue, metadata["name"]?.stringValue == name else { return nil }
        var labels: [String: String] = [:]
        for label in metadata["labels"]?.objectValue ?? [:] { labels[label.key] = label.value.stringValue }
        return labels
    }

    /// Returns the object that the API answers with, or nil if it refuses or knows nothing of what is asked.
    private func ask(
        _ path: String, by reviewer: String, body: [UInt8] = []
    ) async throws(CofferError) -> JSONObject? {
        var headers = [(name: "authorization", value: "Bearer " + reviewer), (name: "accept", value: "application/json")]
        if !body.isEmpty { headers.append((name: "content-type", value: "application/json")) }
        let reply: OutboundReply
        do throws(OutboundError) {
            reply = try await outbound.send(
                body.isEmpty ? target.get(path, headers: headers) : target.post(path, headers: headers, body: body))
        } catch {
            troubles.warn("the Kubernetes API could not be asked", reason: error.text)
            throw Self.unavailable
        }
        switch reply.status {
        case 200, 201: break
        case 401, 403, 404:
            troubles.warn("the Kubernetes API refused the reviewer's request", reason: "status \(reply.status)")
            return nil
        default:
            troubles.warn("the Kubernetes API did not answer as it should", reason: "status \(reply.status)")
            throw Self.unavailable
        }
        guard let object = (try? JSON(parsing: reply.body))?.objectValue else {
            troubles.warn("the Kubernetes API did not answer as it should", reason: "the answer is no JSON object")
            throw Self.unavailable
        }
        return object
    }
}
