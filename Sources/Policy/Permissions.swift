internal import Syntax

/// What rules grant at one path, and under which conditions.
package struct Permissions: Sendable, Hashable {
    package var capabilities: CapabilitySet = []
    /// If there are any, a request may have only these parameters.
    package var allowedParameters = ParameterMap()
    package var deniedParameters = ParameterMap()
    /// As they were written; a request satisfies one by that spelling or in lower case, and with a value.
    package var requiredParameters: [String] = []
    /// Seconds. With either bound the answer must be wrapped.
    package var minWrappingTTL: Int?
    package var maxWrappingTTL: Int?

    package init(_ capabilities: CapabilitySet = []) { self.capabilities = capabilities }

    package static let deny = Permissions(.deny)

    var hasConditions: Bool { hasWrappingBounds || hasParameters }
    var hasWrappingBounds: Bool { minWrappingTTL != nil || maxWrappingTTL != nil }
    var hasParameters: Bool { !allowedParameters.isEmpty || !deniedParameters.isEmpty || !requiredParameters.isEmpty }

    /// Adds another rule for the same path, as Vault merges policies: capabilities, allowed, denied and required parameters
    /// are united; of two lower bounds, as of two upper bounds, the smaller one holds; `deny` leaves only itself.
    mutating func merge(_ other: Permissions) {
        if capabilities.contains(.deny) || other.capabilities.contains(.deny) {
            self = .deny
            return
        }
        capabilities.formUnion(other.capabilities)
        allowedParameters.merge(other.allowedParameters)
        deniedParameters.merge(other.deniedParameters)
        requiredParameters += other.requiredParameters.filter { !requiredParameters.contains($0) }
        minWrappingTTL = Self.smaller(minWrappingTTL, other.minWrappingTTL)
        maxWrappingTTL = Self.smaller(maxWrappingTTL, other.maxWrappingTTL)
    }

    private static func smaller(_ a: Int?, _ b: Int?) -> Int? {
        if let a, let b { min(a, b) } else { a ?? b }
    }

    /// - Parameter seconds: The wrapping that was asked for; nil for none.
    func allowsWrapping(_ seconds: Int?) -> Bool {
        guard hasWrappingBounds else { return true }
        guard let seconds else { return false }
        return seconds >= minWrappingTTL ?? 0 && seconds <= maxWrappingTTL ?? .max
    }
}
