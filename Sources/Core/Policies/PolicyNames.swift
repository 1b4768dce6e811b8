import EngineKit
import Policy

/// Policy names as they come in requests, brought to their one form at the door.
enum PolicyNames {
    static let countMax = 256

    /// Lower case, sorted, each once. Anything that is no policy name is refused, `ROOT` with a full-width letter too.
    static func normalised(_ names: [String]) throws(CofferError) -> [String] {
        guard names.count <= countMax else { throw .invalid("a token may have \(countMax) policies at most") }
        var result: Set<String> = []
        for name in names where !name.isEmpty {
            let policy = try one(name)
            guard policy != BuiltInPolicies.wrappingName else { throw .invalid("policy \"\(policy)\" cannot be given to a token") }
            result.insert(policy)
        }
        return result.sorted()
    }

    static func one(_ name: String) throws(CofferError) -> String {
        do {
            return try PolicyName(name).text
        } catch {
            throw .invalid(error.rawValue)
        }
    }
}
