import EngineKit
import Records

/// The policies that a role or user may have.
enum PolicyList {
    static let countMax = 256

    /// Returns the names in lower case, sorted and without duplicates. Refuses `root` in every spelling, because no login
    /// may give that policy.
    static func normalized(_ names: [String]) throws(CofferError) -> [String] { try inSentOrder(names).sorted() }

    /// Returns the names as ``normalized(_:)`` does, but in the order in which they were sent.
    static func inSentOrder(_ names: [String]) throws(CofferError) -> [String] {
        guard names.count <= countMax else { throw .invalid("a list of policies may have \(countMax) names at most") }
        var result: [String] = []
        for name in names where !name.isEmpty {
            let policy: PolicyName
            do {
                policy = try PolicyName(name)
            } catch {
                throw .invalid(error.rawValue)
            }
            guard policy != .root else { throw .invalid("auth methods cannot create root tokens") }
            if !result.contains(policy.text) { result.append(policy.text) }
        }
        return result
    }
}

extension SettingKind where Value == [String] {
    /// A list of policy names in the form of ``PolicyList``.
    static var policies: Self { names { names, _ throws(CofferError) in try PolicyList.normalized(names) } }
}
