extension ServiceDefinition {
    /// Returns the whole policy of the service: for its secrets, and for the records of projects.
    ///
    /// Every service may see which projects exist. A service that may write anywhere may also register projects, change
    /// those that it registered or that its rules name, and see whether a project is empty before deleting it.
    package func compiled(mount: String, projectsMount: String) throws(ServiceCatalogError) -> CompiledRules {
        var compiled: CompiledRules
        do throws(ServiceRuleError) {
            compiled = try RuleCompiler(mount: mount, rules: rules.filter { !$0.path.isVoid }).compile()
        } catch {
            throw ServiceCatalogError(variable: name, error.description)
        }
        compiled.policy += Self.grant("\(projectsMount)caller", ["read"])
        compiled.policy += Self.grant("\(projectsMount)records", ["list"])
        let writable = rules.filter { $0.effect == .allow && $0.actions.contains(.write) && !$0.path.isVoid }.map {
            $0.path.segments[0]
        }
        guard !writable.isEmpty else {
            compiled.policy += Self.grant("\(projectsMount)records/+", ["read"])
            return compiled
        }
        compiled.policy += Self.grant("\(projectsMount)records/+", ["read", "create", "update", "delete"])
        compiled.policy += Self.grant("\(projectsMount)records/+/default", ["update"])
        for project in Set(writable).sorted(by: { $0.rulePath < $1.rulePath }) {
            compiled.policy += Self.grant(
                "\(projectsMount)manage/\(project.rulePath)", ["update"], isPartial: project.isPartial)
        }
        compiled.policy += Self.grant("\(mount)detailed-metadata/+/", ["list"])
        return compiled
    }

    private static func grant(_ path: String, _ capabilities: [String], isPartial: Bool = false) -> String {
        "path \"\(path)\" {\n" + (isPartial ? "  partial_segments = true\n" : "")
            + "  capabilities = [" + capabilities.map { "\"\($0)\"" }.joined(separator: ", ") + "]\n}\n"
    }
}
