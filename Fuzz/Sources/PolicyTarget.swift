import EngineKit
import Policy
import Syntax

/// Any text is a policy or an error with a place; formatting keeps its meaning; evaluating never traps.
func fuzzPolicy(_ bytes: UnsafeRawBufferPointer) {
    guard let document = try? PolicyDocument(parsing: Array(bytes)) else { return }
    if let text = String(validating: bytes, as: UTF8.self), let formatted = try? HCLFormat.formatted(text) {
        let again = try? PolicyDocument(parsing: formatted)
        precondition(again?.rules.count == document.rules.count, "formatting changed a policy")
        precondition((try? HCLFormat.formatted(formatted)) == formatted, "formatting twice differs from once")
    }
    let rendered = document.rendered { name in name.count.isMultiple(of: 2) ? name : nil }
    guard let name = try? PolicyName("fuzz") else { preconditionFailure("a plain name was refused") }
    let acl = ACL([NamedPolicy(name: name, document: rendered)])
    for path in ["secret/data/x", "secret/", "a", "sys/policies/acl/x"] {
        _ = acl.capabilities(path: path)
        _ = acl.isSudo(path: path)
    }
}
