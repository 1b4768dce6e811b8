import HTTPShell
import Syntax

/// The query of a request. Unknown parameters are ignored, and an empty text is the same as none.
struct UserQuery {
    private let items: [(name: String, value: String)]

    init(_ query: String) throws(UserError) {
        do throws(QueryItems.Refusal) { items = try QueryItems.parse(query) } catch { throw UserError(422, error.rawValue) }
    }

    func text(_ name: String) -> String? {
        items.first { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    func bool(_ name: String) throws(UserError) -> Bool? {
        guard let text = text(name) else { return nil }
        switch text.lowercased() {
        case "true", "1": return true
        case "false", "0": return false
        default: throw .invalid(name, "must be true, false, 1 or 0")
        }
    }

    /// Returns these parameters, as far as they were sent.
    func picked(_ names: [String]) -> [(name: String, value: String)] {
        names.compactMap { name in text(name).map { (name, $0) } }
    }
}
