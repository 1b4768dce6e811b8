import EngineKit
import Records

/// Policy names as a role or user may have them.
enum PolicyList {
    static let countMax = 256

    /// Lower case, sorted, each once. `root` is refused in every spelling: no login gives that power.
    static func normalized(_ names: [String]) throws(CofferError) -> [String] {
        guard names.count <= countMax else { throw .invalid("there may be \(countMax) policies at most") }
        var result: Set<String> = []
        for name in names where !name.isEmpty {
            let policy: PolicyName
            do {
                policy = try PolicyName(name)
            } catch {
                throw .invalid(error.rawValue)
            }
            guard policy != .root else { throw .invalid("auth methods cannot create root tokens") }
            result.insert(policy.text)
        }
        return result.sorted()
    }
}

extension SettingKind where Value == [String] {
    /// Names of policies, as ``PolicyList`` has them.
    static var policies: Self { names { names, _ throws(CofferError) in try PolicyList.normalized(names) } }
}
