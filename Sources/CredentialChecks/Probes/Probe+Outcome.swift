package import EngineKit
package import Outbound

extension Probe {
    /// Sends a credential to its provider and returns what the answer means.
    ///
    /// - Parameters:
    ///   - patterns: The forms of the provider's credentials; a value that is put into a path must have one of them.
    ///   - time: The time of a signature.
    package func outcome(
        for value: String, patterns: [KeyPattern] = [], through outbound: any Outbound, at time: Timestamp
    ) async -> CheckOutcome {
        guard let prepared = prepared(with: value, patterns: patterns, at: time) else { return CheckOutcome(.unknown, .wrongForm) }
        do throws(OutboundError) {
            let reply = try await outbound.send(prepared.request)
            let answer = ProbeAnswer(status: reply.status, body: reply.body)
            var outcome = AnswerRule.outcome(of: answer, by: rules, andUsual: hasUsualRules)
            if outcome.verdict == .valid, let name = answer.name(at: account) {
                outcome.account = CheckOutcome.shownAccount(name, hiding: prepared.secrets)
            }
            return outcome
        } catch {
            var outcome = CheckOutcome(.unknown, .init(error))
            outcome.fault = error
            return outcome
        }
    }
}

extension CheckOutcome.Reason {
    init(_ error: OutboundError) {
        switch error {
        case .refused(.badHeader): self = .wrongForm
        case .refused: self = .addressNotAllowed
        case .notSent(let fault), .unanswered(let fault):
            switch fault {
            case .unresolved: self = .unresolved
            case .unreachable: self = .unreachable
            case .tlsFailed: self = .tlsFailed
            case .timedOut: self = .timedOut
            case .closed, .malformed: self = .unexpectedAnswer
            case .tooLarge: self = .answerTooLarge
            case .tooMany: self = .busy
            }
        }
    }
}
