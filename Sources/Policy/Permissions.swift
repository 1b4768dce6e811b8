internal import Syntax

/// What the rules for one path grant, and on which conditions.
package struct Permissions: Sendable, Hashable {
    /// The granted operations, or `deny` alone.
    package var capabilities: CapabilitySet = []
    /// If not empty, a request may have only these parameters.
    package var allowedParameters = ParameterMap()
    /// Parameters that a request may not have.
    package var deniedParameters = ParameterMap()
    /// Parameters that a request must have with a value, by this name or by it in lower case.
    package var requiredParameters: [String] = []
    /// The shortest lifetime of the wrapped response in seconds. If this or the longest one is set, the response must
    /// be wrapped.
    package var minWrappingTTL: Int?
    /// The longest lifetime of the wrapped response in seconds.
    package var maxWrappingTTL: Int?

    /// Creates permissions without conditions.
    package init(_ capabilities: CapabilitySet = []) { self.capabilities = capabilities }

    /// The permissions of a rule that denies.
    package static let deny = Permissions(.deny)

    /// Whether something besides the path and the operation is judged.
    var hasConditions: Bool { hasWrappingBounds || hasParameters }
    var hasWrappingBounds: Bool { minWrappingTTL != nil || maxWrappingTTL != nil }
    var hasParameters: Bool { !allowedParameters.isEmpty || !deniedParameters.isEmpty || !requiredParameters.isEmpty }

    /// Adds another rule for the same path, as Vault merges policies: capabilities and parameters are united, and the
    /// smaller of two bounds applies. If either rule denies, the result denies, without conditions.
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

    /// Returns the smaller number, or the one that is present.
    private static func smaller(_ a: Int?, _ b: Int?) -> Int? {
        if let a, let b { min(a, b) } else { a ?? b }
    }

    /// Whether the requested wrapping is within the bounds.
    ///
    /// - Parameter seconds: The requested lifetime of the wrapped response, or nil if it is not to be wrapped.
    func allowsWrapping(_ seconds: Int?) -> Bool {
        guard hasWrappingBounds else { return true }
        guard let seconds else { return false }
        return seconds >= minWrappingTTL ?? 0 && seconds <= maxWrappingTTL ?? .max
    }
}
