import EngineKit
import Records
import Syntax

/// A selector of labels, as Kubernetes' API has it: all requirements must hold.
struct LabelSelector: Sendable, Hashable {
    /// The JSON that an operator wrote.
    let text: String
    private let requirements: [Requirement]

    private struct Requirement: Sendable, Hashable {
        enum Condition: String, Sendable { case isIn = "In", isNotIn = "NotIn", exists = "Exists", doesNotExist = "DoesNotExist" }

        var key: String
        var condition: Condition
        var values: [String]

        func holds(_ labels: [String: String]) -> Bool {
            switch condition {
            case .isIn: labels[key].map(values.contains) ?? false
            case .isNotIn: !(labels[key].map(values.contains) ?? false)
            case .exists: labels[key] != nil
            case .doesNotExist: labels[key] == nil
            }
        }

        /// Whether a namespace without labels of an operator's may meet it. Each has one with its name.
        var isMetByAny: Bool {
            switch condition {
            case .isIn: false
            case .exists: key == "kubernetes.io/metadata.name"
            case .isNotIn, .doesNotExist: true
            }
        }
    }

    static let none = LabelSelector()
    static let bytesMax = 4_096

    private init() { (text, requirements) = ("", []) }

    /// Reads a selector. Returns nil for a text that is no selector, or one without requirements, which selects everything. An empty
    /// text is no selector and is read.
    init?(_ text: String) {
        guard !text.isEmpty else {
            self = .none
            return
        }
        guard text.utf8.count <= Self.bytesMax, let object = (try? JSON(parsing: Array(text.utf8)))?.objectValue,
            object.keys.allSatisfy({ $0 == "matchLabels" || $0 == "matchExpressions" })
        else { return nil }
        var requirements: [Requirement] = []
        if let labels = object["matchLabels"] {
            guard let labels = labels.objectValue else { return nil }
            for label in labels {
                guard let value = label.value.stringValue else { return nil }
                requirements.append(Requirement(key: label.key, condition: .isIn, values: [value]))
            }
        }
        if let expressions = object["matchExpressions"] {
            guard let expressions = expressions.arrayValue else { return nil }
            for expression in expressions {
                guard let requirement = Self.requirement(expression) else { return nil }
                requirements.append(requirement)
            }
        }
        guard !requirements.isEmpty else { return nil }
        (self.text, self.requirements) = (text, requirements)
    }

    private static func requirement(_ json: JSON) -> Requirement? {
        guard let object = json.objectValue, let key = object["key"]?.stringValue, !key.isEmpty,
            let condition = object["operator"]?.stringValue.flatMap(Requirement.Condition.init(rawValue:))
        else { return nil }
        let values = object["values"]?.texts ?? []
        let needsValues = condition == .isIn || condition == .isNotIn
        guard values.isEmpty != needsValues else { return nil }
        return Requirement(key: key, condition: condition, values: values)
    }

    var isEmpty: Bool { requirements.isEmpty }

    /// Whether it may select nearly every namespace, because it asks for no label and no value.
    var selectsMost: Bool { !isEmpty && requirements.allSatisfy(\.isMetByAny) }

    /// Whether the labels meet all requirements.
    func selects(_ labels: [String: String]) -> Bool { !isEmpty && requirements.allSatisfy { $0.holds(labels) } }
}

extension SettingKind where Value == LabelSelector {
    /// A selector as JSON.
    static var selector: Self {
        Self(
            .string, shown: { .string($0.text) }, read: { $0.stringValue.flatMap(LabelSelector.init) },
            take: { sent, name, _ throws(CofferError) in
                guard let selector = sent.stringValue.flatMap(LabelSelector.init) else {
                    throw .invalid("field '\(name)' must be a label selector in JSON, with matchLabels or matchExpressions")
                }
                return selector
            })
    }
}
