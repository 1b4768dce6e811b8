extension PolicyDocument {
    /// Replaces the expressions in paths by facts about the caller. No value can grant anything or widen a grant.
    ///
    /// A value must fit within one segment of the path; otherwise its rule no longer grants anything:
    /// - If a value would change the meaning of the path (`/`, `+`, `*`, `,`, `%`, `..`, control characters), its rule becomes
    ///   a `deny` on the narrowest path that covers every possible value: each segment with an expression becomes `+`. Only
    ///   more specific rules override it, so a crafted name cannot escape a restriction on its bearer.
    /// - If a value is missing or empty and `missingDenies` is true (the caller has an entity), the same happens. If it is
    ///   false (the caller has no entity), a rule that grants is left out. It must not become a `deny`: the default policy
    ///   contains such rules, which would then deny paths that other policies of a token without an entity grant. A rule that
    ///   denies still denies, on the covering path.
    package func rendered(missingDenies: Bool = false, with value: (String) -> String?) -> PolicyDocument {
        guard isTemplated else { return self }
        var result = self
        result.rules = rules.compactMap { rule in
            var rule = rule
            switch rule.path.rendered(with: value) {
            case .path(let path): rule.path = PathTemplate(path)
            case .missing(let covering):
                guard missingDenies || rule.permissions.capabilities.contains(.deny) else { return nil }
                rule.permissions = .deny
                rule.path = PathTemplate(covering)
            case .unsafe(let covering):
                rule.path = PathTemplate(covering)
                rule.permissions = .deny
            }
            return rule
        }
        return result
    }
}
