package import EngineKit
package import Syntax

/// A policy as it was written: rules for paths, deny by default.
package struct PolicyDocument: Sendable, Hashable {
    package struct Rule: Sendable, Hashable {
        package var path: PathTemplate
        package var permissions: Permissions
        package var position: HCLPosition
    }

    package static let bytesMax = 256 << 10
    package static let rulesMax = 5_000

    /// The optional `name = "..."` of the text. It decides nothing.
    package var name: String?
    package var rules: [Rule]
    /// Only the built-in ``root`` has it; no text can.
    package let grantsEverything: Bool

    package init(name: String? = nil, rules: [Rule]) {
        self.name = name
        self.rules = rules
        grantsEverything = false
    }

    private init(rootNamed name: String) {
        self.name = name
        rules = []
        grantsEverything = true
    }

    /// Every capability on every path.
    package static let root = PolicyDocument(rootNamed: PolicyName.root.text)

    /// Some path depends on who is asking; see ``rendered(with:)``.
    package var isTemplated: Bool { rules.contains(where: \.path.isTemplated) }

    /// The distinct template expressions in the paths, such as `identity.entity.id`.
    package var expressions: Set<String> { Set(rules.flatMap(\.path.expressions)) }
}

/// A policy under the name it is stored by.
package struct NamedPolicy: Sendable, Hashable {
    package var name: PolicyName
    package var document: PolicyDocument

    package init(name: PolicyName, document: PolicyDocument) {
        self.name = name
        self.document = document
    }

    package static let root = NamedPolicy(name: .root, document: .root)
}
