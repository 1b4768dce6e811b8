package import EngineKit
package import Syntax

/// A parsed policy: rules for paths. What no rule grants is denied.
package struct PolicyDocument: Sendable, Hashable {
    /// A `path` block.
    package struct Rule: Sendable, Hashable {
        /// The path that the rule is for.
        package var path: PathTemplate
        /// What the rule grants or denies.
        package var permissions: Permissions
        /// Where the block begins in the text.
        package var position: HCLPosition
    }

    /// The largest size of a policy's text, in bytes.
    package static let bytesMax = 256 << 10
    /// The largest number of rules in a policy.
    package static let rulesMax = 5_000

    /// The `name` in the text, if there is one. It has no effect.
    package var name: String?
    /// The rules in the order of the text.
    package var rules: [Rule]
    /// Whether this is the built-in ``root`` policy. No text can set it.
    package let grantsEverything: Bool

    /// Creates a policy from rules.
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

    /// The root policy: every capability on every path.
    package static let root = PolicyDocument(rootNamed: PolicyName.root.text)

    /// Whether some path depends on the caller: see ``rendered(missingDenies:with:)``.
    package var isTemplated: Bool { rules.contains(where: \.path.isTemplated) }

    /// The distinct expressions in the paths, such as `identity.entity.id`.
    package var expressions: Set<String> { Set(rules.flatMap(\.path.expressions)) }
}

/// A policy with the name that it is stored under.
package struct NamedPolicy: Sendable, Hashable {
    /// The name.
    package var name: PolicyName
    /// The policy.
    package var document: PolicyDocument

    /// Creates a policy with its name.
    package init(name: PolicyName, document: PolicyDocument) {
        self.name = name
        self.document = document
    }

    /// The built-in root policy.
    package static let root = NamedPolicy(name: .root, document: .root)
}
