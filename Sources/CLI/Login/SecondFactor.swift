internal import CofferClient
internal import Syntax

/// Completes a login that the server did not answer with a token, because it needs a second factor.
enum SecondFactor {
    struct Method {
        var id: String
        var label: String
    }

    /// What the server asks for: for each enforcement, a code for one of its methods.
    struct Requirement {
        var requestID: String
        var constraints: [[Method]]
        /// The names of the enforcements, in the order of ``constraints``.
        var names: [String]

        init?(_ secret: Secret) {
            guard let member = secret.envelope["auth"]?["mfa_requirement"]?.objectValue,
                let id = member["mfa_request_id"]?.stringValue, !id.isEmpty
            else { return nil }
            requestID = id
            let named = member["mfa_constraints"]?.objectValue ?? [:]
            names = named.keys
            constraints = named.map { constraint in
                (constraint.value["any"]?.arrayValue ?? []).compactMap { method in
                    guard let id = method["id"]?.stringValue else { return nil }
                    let name = method["name"]?.stringValue ?? ""
                    return Method(id: id, label: name.isEmpty ? id : name)
                }
            }
        }
    }

    /// Returns the answer with the token: the one given, unless it asks for second factors. Then asks for them on the terminal, and
    /// sends them.
    static func complete(_ secret: Secret, _ session: Session) async throws -> Secret {
        guard let requirement = Requirement(secret) else { return secret }
        var payload = JSONObject()
        for methods in requirement.constraints where !methods.contains(where: { payload[$0.id] != nil }) {
            let (method, code) = try ask(methods, requirement, on: session)
            payload[method.id] = [.string(code)]
        }
        let body: JSON = ["mfa_request_id": .string(requirement.requestID), "mfa_payload": .object(payload)]
        do {
            let response = try await session.client(token: nil).request(.put, "sys/mfa/validate", body: body)
            guard let secret = response.secret else { throw ClientError(.invalidResponse, "the answer does not contain a token") }
            return secret
        } catch let error as ClientError {
            throw CommandFailure(error, doing: "Error completing the login", sentToken: false)
        }
    }

    /// Asks for a code of one of the methods.
    private static func ask(
        _ methods: [Method], _ requirement: Requirement, on session: Session
    ) throws(CommandFailure) -> (Method, code: String) {
        guard session.canAsk, let ask = session.system.askHidden else { throw unattended(requirement) }
        for (index, method) in methods.enumerated() {
            let other = methods.dropFirst(index + 1).first.map { "; empty to use \($0.label)" } ?? ""
            switch ask("Code for \(method.label) (not shown\(other)): ") {
            case .interrupted: throw .quiet(130)
            case .text(let text):
                let code = ArgumentText.trimmed(text)
                if !code.isEmpty { return (method, code) }
            }
        }
        throw .local("The code is empty")
    }

    /// The failure without a terminal: it says how to send the codes, with one method for each enforcement.
    private static func unattended(_ requirement: Requirement) -> CommandFailure {
        let needed = requirement.constraints.map { $0.map(\.label).joined(separator: " or ") }.joined(separator: ", and ")
        var methods: [Method] = []
        for constraint in requirement.constraints where !constraint.contains(where: { one in methods.contains { $0.id == one.id } })
        {
            methods.append(constraint.first ?? Method(id: "METHOD", label: "METHOD"))
        }
        let flags = methods.map { "-mfa=\($0.label):CODE" }.joined(separator: " ")
        let payload = methods.map { "\"\($0.id)\":[\"CODE\"]" }.joined(separator: ",")
        return CommandFailure(
            status: 2, message: "This login needs a second factor: a code for \(needed).",
            hint: """
                Send it with the login, as \(flags), or complete this login within five minutes:
                  echo '{"mfa_request_id":"\(requirement.requestID)","mfa_payload":{\(payload)}}' \\
                    | coffer write sys/mfa/validate -
                """)
    }
}
