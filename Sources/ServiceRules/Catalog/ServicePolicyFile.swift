import Syntax
import Yams

/// Policies by role, and services that have roles, from YAML.
///
/// ```yaml
/// policies:
///   - name: newsbot-reader
///     permissions:
///       - effect: allow
///         actions: [read, list]
///         resources: ["secret:newsbot*:prod/*"]
/// services:
///   - name: newsbot
///     roles: [newsbot-reader]
///     access_rules: ["common/prod/"]
/// ```
package struct ServicePolicyFile: Sendable, Hashable {
    /// The services in the order of the file.
    package private(set) var services: [ServiceDefinition] = []
    /// Remarks for the operator, each only once: sections that Coffer ignores, and rules that grant nothing.
    package private(set) var remarks: [String] = []

    /// The largest size of a file, in bytes.
    package static let bytesMax = 1 << 20
    private static let remarksMax = 100

    /// Parses the file. Throws an error with its line if it is malformed.
    package init(parsing text: String) throws(ServiceCatalogError) {
        guard text.utf8.count <= Self.bytesMax else { throw ServiceCatalogError(line: 1, "the file is larger than 1 MiB") }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw ServiceCatalogError(line: error.line, error.isRepeatedKey ? "a key is repeated" : "this is not valid YAML")
        } catch {
            throw ServiceCatalogError("this is not valid YAML")
        }
        guard let root else { return }
        let (top, others) = try PolicyNode(root).sections(["policies", "services"])
        for name in others { remark("the section '\(name)' is ignored, because Coffer does not use it") }
        var roles: [String: [ServiceRule]] = [:]
        for node in try top["policies"]?.items() ?? [] {
            let (name, rules) = try policy(node)
            guard roles.updateValue(rules, forKey: name) == nil else { throw node.error("another policy has the same name") }
        }
        for node in try top["services"]?.items() ?? [] { services.append(try service(node, roles)) }
    }

    private mutating func remark(_ text: String) {
        if remarks.count < Self.remarksMax, !remarks.contains(text) { remarks.append(text) }
    }

    private mutating func policy(_ node: PolicyNode) throws(ServiceCatalogError) -> (String, [ServiceRule]) {
        let fields = try node.mapping(["name", "description", "permissions"])
        guard let name = try fields["name"]?.text(), !name.isEmpty else { throw node.error("the policy has no name") }
        var rules: [ServiceRule] = []
        for permission in try fields["permissions"]?.items() ?? [] { rules += try self.rules(permission, source: name) }
        return (name, rules)
    }

    private mutating func service(
        _ node: PolicyNode, _ roles: [String: [ServiceRule]]
    ) throws(ServiceCatalogError) -> ServiceDefinition {
        let fields = try node.mapping(["name", "description", "enabled", "roles", "access_rules"])
        guard let name = try fields["name"]?.text(), ServiceDefinition.isName(name) else {
            throw node.error("the service has no name, or its name has characters other than letters, digits, '_', '-' and '.'")
        }
        guard !ServiceDefinition.isReserved(name) else { throw node.error(ServiceDefinition.reservedRule) }
        var service = ServiceDefinition(name: name, isEnabled: try fields["enabled"]?.bool() ?? true)
        for role in try fields["roles"]?.items() ?? [] {
            guard let rules = roles[try role.text()] else { throw role.error("no policy has the name of this role") }
            service.rules += rules
        }
        for rule in try fields["access_rules"]?.items() ?? [] {
            service.rules += try rule.isMapping ? rules(rule, source: name) : [prefixRule(rule, source: name)]
        }
        return service
    }

    private mutating func prefixRule(_ node: PolicyNode, source: String) throws(ServiceCatalogError) -> ServiceRule {
        let text = try node.text()
        do throws(ServiceRuleError) {
            let path = try text.hasUTF8Prefix("secret:") ? PathRule(resource: text) : PathRule(prefix: text)
            if path.isVoid { remark(node.located(Self.grantsNothing)) }
            return ServiceRule(.allow, Set(ServiceAction.allCases), on: path, text: text, source: source)
        } catch {
            throw node.error("\(error)")
        }
    }

    private static let grantsNothing =
        "the resource matches no secret and grants nothing; to grant everything below it, end it with '*', as in secret:PROJECT:*"

    private mutating func rules(_ node: PolicyNode, source: String) throws(ServiceCatalogError) -> [ServiceRule] {
        let fields = try node.mapping(["effect", "actions", "resources"])
        guard let effect = ServiceRule.Effect(rawValue: try fields["effect"]?.text() ?? "allow") else {
            throw node.error("the effect must be allow or deny")
        }
        var actions: Set<ServiceAction> = []
        for action in try fields["actions"]?.items() ?? [] {
            let text = try action.text()
            if text == "*" {
                actions.formUnion(ServiceAction.allCases)
            } else if let known = ServiceAction(rawValue: text) {
                actions.insert(known)
            } else {
                throw action.error("an action must be read, write, delete, list or \"*\"")
            }
        }
        guard !actions.isEmpty, let resources = try fields["resources"]?.items(), !resources.isEmpty else {
            throw node.error("a permission needs actions and resources")
        }
        var rules: [ServiceRule] = []
        for resource in resources {
            let text = try resource.text()
            do throws(ServiceRuleError) {
                let path = try PathRule(resource: text, denies: effect == .deny)
                if path.isVoid { remark(resource.located(Self.grantsNothing)) }
                rules.append(ServiceRule(effect, actions, on: path, text: text, source: source))
            } catch {
                throw resource.error("\(error)")
            }
        }
        return rules
    }
}

extension YamlError {
    fileprivate var line: Int? {
        switch self {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: nil
        }
    }

    fileprivate var isRepeatedKey: Bool {
        if case .duplicatedKeysInMapping = self { true } else { false }
    }
}
