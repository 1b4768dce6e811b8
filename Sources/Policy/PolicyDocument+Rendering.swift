extension PolicyDocument {
    /// Fills the templates in with facts about the caller, so that no value can grant or widen.
    ///
    /// A value fills its place within one segment or the rule stops granting:
    /// - A value that would change the path's meaning (`/`, `+`, `*`, `,`, `%`, `..`, control characters) makes its rule a
    ///   `deny` on the narrowest path that covers whatever the rule could have meant: each templated segment becomes `+`.
    ///   Only more specific rules win over it, so a crafted name cannot step around a restriction meant for its bearer.
    /// - A missing or empty value does the same to the rule of a caller with an entity (`missingDenies`). For a caller without
    ///   one it takes a granting rule away: it names no path of this caller. There it must not become a denial: the default
    ///   policy has such rules, and would lock every token without an entity out of paths that its other policies grant. A
    ///   rule that denies keeps denying, on the covering path.
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
