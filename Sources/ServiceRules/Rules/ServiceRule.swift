import Syntax

/// One rule of a service's permissions.
package struct ServiceRule: Sendable, Hashable {
    /// Whether a rule allows or denies.
    package enum Effect: String, Sendable, Hashable {
        case allow, deny
    }

    /// Whether the rule allows or denies.
    package var effect: Effect
    /// The actions that the rule is about.
    package var actions: Set<ServiceAction>
    /// The secrets that the rule is about.
    package var path: PathRule
    /// The rule as it was written.
    package var text: String
    /// Where the rule was written: `ALLOW_newsbot`, or the name of a policy.
    package var source: String

    /// Creates a rule.
    package init(_ effect: Effect, _ actions: Set<ServiceAction>, on path: PathRule, text: String, source: String) {
        self.effect = effect
        self.actions = actions
        self.path = path
        self.text = text
        self.source = source
    }
}

/// Whether the rules allow an action on a path, and which rule decides.
package enum RuleDecision: Sendable, Hashable {
    case allowed(ServiceRule)
    case denied(by: ServiceRule)
    /// No rule covers the action on the path.
    case unmentioned

    /// Whether the action is allowed.
    package var isAllowed: Bool {
        if case .allowed = self { true } else { false }
    }
}

extension [ServiceRule] {
    /// Decides about an action. A rule that denies overrides every rule that allows.
    ///
    /// - Parameter path: The project and the path below it, such as `newsbot/prod/api-key`.
    package func decision(_ action: ServiceAction, on path: String) -> RuleDecision {
        let segments = path.splitUTF8(at: "/", omittingEmpty: false)
        let matching = filter { $0.actions.contains(action) && $0.path.matches(segments) }
        if let denial = matching.first(where: { $0.effect == .deny }) { return .denied(by: denial) }
        return matching.first.map { .allowed($0) } ?? .unmentioned
    }
}
