import Syntax
import Yams

/// A node of the YAML, read strictly: an unknown key is an error with its line.
struct PolicyNode {
    private let node: Node

    private static let itemsMax = 1_000

    init(_ node: Node) { self.node = node }

    func error(_ message: String) -> ServiceCatalogError { ServiceCatalogError(line: node.mark?.line, message) }

    var isMapping: Bool { node.mapping != nil }

    func mapping(_ known: Set<String>) throws(ServiceCatalogError) -> [String: PolicyNode] {
        guard let mapping = node.mapping else { throw error("expected a mapping of keys and values") }
        var result: [String: PolicyNode] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar?.string, known.contains(name) else {
                throw PolicyNode(key).error("the keys here are \(known.sorted().joined(separator: ", "))")
            }
            guard result.updateValue(PolicyNode(value), forKey: name) == nil else {
                throw PolicyNode(key).error("the key is repeated")
            }
        }
        return result
    }

    /// Returns the known sections, and the names of the others. Names come from an operator's file and are shortened.
    func sections(_ known: Set<String>) throws(ServiceCatalogError) -> (known: [String: PolicyNode], others: [String]) {
        guard let mapping = node.mapping else { throw error("expected a mapping of keys and values") }
        var found: [String: PolicyNode] = [:]
        var others: [String] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else { throw PolicyNode(key).error("a key must be a string") }
            guard known.contains(name) else {
                let isWord = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "'") }
                others.append(isWord ? String(name.prefixUTF8(64)) : "?")
                continue
            }
            guard found.updateValue(PolicyNode(value), forKey: name) == nil else {
                throw PolicyNode(key).error("the key is repeated")
            }
        }
        return (found, others)
    }

    /// Returns a remark with its line.
    func located(_ text: String) -> String { node.mark.map { "line \($0.line): \(text)" } ?? text }

    func items() throws(ServiceCatalogError) -> [PolicyNode] {
        if node.null != nil { return [] }
        guard let sequence = node.sequence else { throw error("expected a list") }
        guard sequence.count <= Self.itemsMax else { throw error("the list has more than \(Self.itemsMax) items") }
        return sequence.map { PolicyNode($0) }
    }

    func text() throws(ServiceCatalogError) -> String {
        guard let text = node.scalar?.string else { throw error("expected a string") }
        return text
    }

    func bool() throws(ServiceCatalogError) -> Bool {
        guard let value = node.bool else { throw error("expected true or false") }
        return value
    }
}
