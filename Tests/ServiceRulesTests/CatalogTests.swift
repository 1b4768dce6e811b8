import Testing

@testable import ServiceRules

@Suite("The catalogue of services")
struct CatalogTests {
    private func catalog(_ variables: [String: String], yaml: String? = nil) throws -> ServiceCatalog {
        try ServiceCatalog(variable: { variables[$0] }, policies: try yaml.map { try ServicePolicyFile(parsing: $0) })
    }

    @Test("reads services and their prefixes from variables")
    func variables() throws {
        let found = try catalog([
            "ALLOWED_SERVICES": "myscheduler, jobqueue,graphAiServer,commonUI",
            "ALLOW_myscheduler": "project:newsbot/prod/,common/prod/", "ALLOW_graphAiServer": "project:*/prod/",
        ])
        #expect(found.services.map(\.name) == ["myscheduler", "jobqueue", "graphAiServer", "commonUI"])
        #expect(found["myscheduler"]?.rules.map(\.text) == ["project:newsbot/prod/", "common/prod/"])
        #expect(found["jobqueue"]?.rules.isEmpty == true)
        #expect(found["graphAiServer"]?.policyName == "service-graphaiserver")
        #expect(found["nobody"] == nil)
    }

    private static let yaml = """
        policies:
          - name: reader
            permissions:
              - effect: allow
                actions: [read, list]
                resources: ["secret:newsbot*:prod/*"]
              - effect: deny
                actions: ["*"]
                resources: ["secret:newsbot:prod/root-*"]
        services:
          - name: jobqueue
            enabled: false
            roles: [reader]
          - name: other
            roles: [reader]
            access_rules: ["common/prod/", "secret:x:y"]
        """

    @Test("adds the roles of the policy file to the variables")
    func roles() throws {
        let found = try catalog(["ALLOWED_SERVICES": "jobqueue", "ALLOW_jobqueue": "common/"], yaml: Self.yaml)
        #expect(found["jobqueue"]?.isEnabled == false)
        #expect(found["jobqueue"]?.rules.map(\.source) == ["reader", "reader", "ALLOW_jobqueue"])
        #expect(
            found["other"]?.rules.map(\.text) == [
                "secret:newsbot*:prod/*", "secret:newsbot:prod/root-*", "common/prod/", "secret:x:y",
            ])
        #expect(found["other"]?.rules.decision(.read, on: "newsbot/prod/root-key").isAllowed == false)
        #expect(found["other"]?.rules.decision(.read, on: "newsbot/prod/key").isAllowed == true)
    }

    @Test(
        "refuses what is wrong and names the variable, not its value",
        arguments: [
            ("ALLOWED_SERVICES", "a,A"), ("ALLOWED_SERVICES", "a/b"), ("ALLOWED_SERVICES", "a,a"), ("ALLOWED_SERVICES", "a..b"),
            // The server's own name.
            ("ALLOWED_SERVICES", "one,system"), ("ALLOWED_SERVICES", "SYSTEM"),
            ("ALLOW_one", "newsbot/pr*d-value/"), ("ALLOW_one", "../value"),
        ])
    func refusals(_ name: String, _ value: String) throws {
        var variables = ["ALLOWED_SERVICES": "one"]
        variables[name] = value
        let error = try #require(throws: ServiceCatalogError.self) { try catalog(variables) }
        #expect(error.variable == name)
        #expect(!error.description.contains("value"))
    }

    @Test(
        "refuses a policy file with its line",
        arguments: [
            ("policies: {}", 1), ("policies:\n  - nome: x\n", 2), ("services:\n  - name: x\n    roles: [none]\n", 3),
            ("policies:\n  - name: x\n    permissions:\n      - actions: [fly]\n        resources: [\"secret:a:b\"]\n", 4),
            ("policies:\n  - name: x\n    permissions:\n      - actions: [read]\n        resources: [\"a:b\"]\n", 5),
            ("services:\n  - name: x\n    enabled: perhaps\n", 3), ("services:\n  - name: System\n", 2), ("services: [\n", 2),
        ])
    func yamlRefusals(_ text: String, _ line: Int) throws {
        let error = try #require(throws: ServiceCatalogError.self) { try ServicePolicyFile(parsing: text) }
        #expect(error.line == line, "\(error)")
    }

    @Test(
        "refuses a repeated key, also where YAML tells the two apart by a tag",
        arguments: [
            ("services:\n  - name: x\n    name: y\n", 2), ("services:\n  - name: x\n    !own name: y\n", 3),
            ("policies: []\npolicies: []\n", 1), ("policies: []\n!own policies: []\n", 2),
        ])
    func repeatedKeys(_ text: String, _ line: Int) throws {
        let error = try #require(throws: ServiceCatalogError.self) { try ServicePolicyFile(parsing: text) }
        #expect(error.line == line && error.description.contains("repeated"), "\(error)")
    }

    @Test(
        "refuses a permission without actions or resources, and a role that no policy has",
        arguments: [
            ("policies:\n  - name: x\n    permissions:\n      - resources: [\"secret:a:b\"]\n", 4, "actions"),
            ("policies:\n  - name: x\n    permissions:\n      - actions: []\n        resources: [\"secret:a:b\"]\n", 4, "actions"),
            ("policies:\n  - name: x\n    permissions:\n      - actions: [read]\n", 4, "resources"),
            ("policies:\n  - name: x\n    permissions:\n      - actions: [read]\n        resources: []\n", 4, "resources"),
            ("policies:\n  - name: reader\nservices:\n  - name: x\n    roles: [Reader]\n", 5, "role"),
        ])
    func permissionsAndRoles(_ text: String, _ line: Int, _ word: String) throws {
        let error = try #require(throws: ServiceCatalogError.self) { try ServicePolicyFile(parsing: text) }
        #expect(error.line == line && error.description.contains(word), "\(error)")
    }
}
