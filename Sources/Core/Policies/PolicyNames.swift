import EngineKit
import Policy

/// Validates and normalizes the policy names in requests.
enum PolicyNames {
    static let countMax = 256

    /// Returns the names in lower case, sorted and without duplicates. Throws for invalid names, such as `ROOT` with a full-width
    /// letter, and for more than 256.
    static func normalized(_ names: [String]) throws(CofferError) -> [String] {
        guard names.count <= countMax else { throw .invalid("a token may have at most \(countMax) policies") }
        var result: Set<String> = []
        for name in names where !name.isEmpty {
            let policy = try normalized(name)
            guard policy != BuiltInPolicies.wrappingName else { throw .invalid("policy \"\(policy)\" cannot be given to a token") }
            result.insert(policy)
        }
        return result.sorted()
    }

    /// Returns a name in lower case. Throws if it is not a valid policy name.
    static func normalized(_ name: String) throws(CofferError) -> String {
        do {
            return try PolicyName(name).text
        } catch {
            throw .invalid(error.rawValue)
        }
    }
}
