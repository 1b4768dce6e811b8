package import Syntax

/// What one kind of answer of a provider means. The first rule that fits an answer decides.
package struct AnswerRule: Sendable, Hashable {
    /// What the body must be like.
    enum Condition: Sendable, Hashable {
        case any
        /// JSON with a value other than null at a path of members.
        case has([String])
        /// JSON with one of some values at a path of members.
        case isOneOf([String], [JSON])
        /// Text in which a code occurs. Codes are long and peculiar enough not to occur by chance.
        case contains(String)
    }

    let statuses: ClosedRange<Int>
    let condition: Condition
    let verdict: CheckOutcome.Verdict
    let reason: CheckOutcome.Reason

    private init(
        _ statuses: ClosedRange<Int>, _ condition: Condition, means verdict: CheckOutcome.Verdict,
        because reason: CheckOutcome.Reason
    ) {
        self.statuses = statuses
        self.condition = condition
        self.verdict = verdict
        self.reason = reason
    }

    /// Any answer with a status code.
    package static func status(
        _ status: Int, _ verdict: CheckOutcome.Verdict, because reason: CheckOutcome.Reason
    ) -> AnswerRule { AnswerRule(status...status, .any, means: verdict, because: reason) }

    /// A 200 whose JSON has a member. A captive portal or an error page also answers 200.
    static func member(_ name: String, _ verdict: CheckOutcome.Verdict) -> AnswerRule { path([name], verdict) }

    /// A 200 whose JSON has a value at a path of members.
    static func path(_ path: [String], _ verdict: CheckOutcome.Verdict) -> AnswerRule {
        AnswerRule(200...200, .has(path), means: verdict, because: .accepted)
    }

    /// An answer whose JSON has a value at a path of members.
    package static func equal(
        _ status: Int, _ path: [String], is value: JSON, means verdict: CheckOutcome.Verdict, because reason: CheckOutcome.Reason
    ) -> AnswerRule { AnswerRule(status...status, .isOneOf(path, [value]), means: verdict, because: reason) }

    /// An answer whose JSON has one of some texts at a path of members.
    package static func oneOf(
        _ status: Int, _ path: [String], in values: [String], means verdict: CheckOutcome.Verdict,
        because reason: CheckOutcome.Reason
    ) -> AnswerRule { AnswerRule(status...status, .isOneOf(path, values.map { .string($0) }), means: verdict, because: reason) }

    /// An answer in whose body a code occurs.
    static func code(
        _ status: Int, _ code: String, means verdict: CheckOutcome.Verdict, because reason: CheckOutcome.Reason
    ) -> AnswerRule { AnswerRule(status...status, .contains(code), means: verdict, because: reason) }

    /// An answer in whose body a code occurs, with any of some status codes.
    static func codes(
        _ statuses: ClosedRange<Int>, _ code: String, means verdict: CheckOutcome.Verdict, because reason: CheckOutcome.Reason
    ) -> AnswerRule { AnswerRule(statuses, .contains(code), means: verdict, because: reason) }

    /// What answers mean that no rule of a provider names.
    private static let usual: [AnswerRule] = [
        .status(401, .invalid, because: .rejected), .status(403, .restricted, because: .missingRight),
        .status(429, .unknown, because: .rateLimited),
        AnswerRule(300...399, .any, means: .unknown, because: .redirected),
        AnswerRule(500...599, .any, means: .unknown, because: .providerError),
    ]

    /// Returns what an answer means by some rules, and then by the usual ones.
    ///
    /// - Parameter usual: Whether the usual rules apply.
    static func outcome(of answer: ProbeAnswer, by rules: [AnswerRule], andUsual usual: Bool = true) -> CheckOutcome {
        for rule in usual ? rules + Self.usual : rules where rule.statuses.contains(answer.status) && rule.fits(answer) {
            return CheckOutcome(rule.verdict, rule.reason, status: answer.status)
        }
        return CheckOutcome(.unknown, .unexpectedAnswer, status: answer.status)
    }

    private func fits(_ answer: ProbeAnswer) -> Bool {
        switch condition {
        case .any: true
        case .has(let path): answer.value(at: path).map { $0 != .null } ?? false
        case .isOneOf(let path, let values): answer.value(at: path).map { values.contains($0) } ?? false
        case .contains(let code): answer.text.containsUTF8(code)
        }
    }
}

/// An answer of a provider, parsed once.
struct ProbeAnswer: Sendable {
    let status: Int
    let text: String
    let json: JSON?

    init(status: Int, body: [UInt8]) {
        self.status = status
        text = String(decoding: body, as: UTF8.self)
        json = try? JSON(parsing: body)
    }

    /// Returns the value at a path of members, or nil if there is none.
    func value(at path: [String]) -> JSON? {
        var value = json
        for name in path { value = value?.objectValue?[name] }
        return value
    }

    /// Returns the text at a path of members, or nil if there is none.
    func name(at path: [String]) -> String? { path.isEmpty ? nil : value(at: path)?.stringValue }
}
