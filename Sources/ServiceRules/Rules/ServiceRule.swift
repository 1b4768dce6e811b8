import Syntax

/// One line of a service's permissions.
package struct ServiceRule: Sendable, Hashable {
    package enum Effect: String, Sendable, Hashable {
        case allow, deny
    }

    package var effect: Effect
    package var actions: Set<ServiceAction>
    package var path: PathRule
    /// As it was written.
    package var text: String
    /// Where it was written: `ALLOW_newsbot`, or the name of a policy.
    package var source: String

    package init(_ effect: Effect, _ actions: Set<ServiceAction>, on path: PathRule, text: String, source: String) {
        self.effect = effect
        self.actions = actions
        self.path = path
        self.text = text
        self.source = source
    }
}

/// What the rules say about one action on one path, and which rule says it.
package enum RuleDecision: Sendable, Hashable {
    case allowed(ServiceRule)
    case denied(by: ServiceRule)
    /// No rule is about this.
    case unmentioned

    package var isAllowed: Bool {
        if case .allowed = self { true } else { false }
    }
}

extension [ServiceRule] {
    /// A rule that denies wins over every rule that allows.
    ///
    /// - Parameter path: The project and the path below it: `newsbot/prod/api-key`.
    package func decision(_ action: ServiceAction, on path: String) -> RuleDecision {
        let segments = path.splitUTF8(at: "/", omittingEmpty: false)
        let matching = filter { $0.actions.contains(action) && $0.path.matches(segments) }
        if let denial = matching.first(where: { $0.effect == .deny }) { return .denied(by: denial) }
        return matching.first.map { .allowed($0) } ?? .unmentioned
    }
}
