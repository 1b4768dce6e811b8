import EngineKit
import Policy
@testable import ServiceRules

/// The same question as a policy over `services/` answers it.
struct CompiledService {
    let acl: ACL

    init(_ rules: [ServiceRule]) throws {
        let text = try RuleCompiler(mount: "services/", rules: rules).compile().policy
        acl = ACL([NamedPolicy(name: try PolicyName("service-x"), document: try PolicyDocument(parsing: text))])
    }

    func allows(_ action: ServiceAction, _ path: String) -> Bool {
        let questions: [(Capability, String)] =
            switch action {
            case .read: [(.read, "data"), (.read, "metadata"), (.read, "subkeys")]
            case .write: [(.create, "data"), (.update, "data"), (.patch, "data"), (.update, "undelete")]
            case .delete: [(.delete, "data"), (.update, "delete")]
            case .list: [(.list, "metadata"), (.list, "detailed-metadata")]
            }
        let answers = Set(questions.map { acl.verdict($0.0, path: "services/\($0.1)/\(path)").isAllowed })
        precondition(answers.count == 1, "the routes of one action differ")
        return answers.contains(true)
    }
}

func rule(_ text: String) throws -> ServiceRule {
    let words = text.split(separator: " ").map(String.init)
    guard words.count > 1 else {
        return ServiceRule(.allow, Set(ServiceAction.allCases), on: try PathRule(prefix: text), text: text, source: "ALLOW_x")
    }
    let actions = words[1].split(separator: ",").compactMap { ServiceAction(rawValue: String($0)) }
    return ServiceRule(
        words[0] == "deny" ? .deny : .allow, Set(words[1] == "*" ? ServiceAction.allCases : actions),
        on: try PathRule(resource: words[2]), text: words[2], source: "role")
}
