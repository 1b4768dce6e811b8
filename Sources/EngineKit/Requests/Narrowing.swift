/// The limits of a capability token on its caller's rights. It is a class because requests pass it on.
package final class Narrowing: Sendable {
    private let allows: @Sendable (Operation, String) -> Bool
    private let reaches: @Sendable (String) -> Bool
    /// When the credentials end. Nothing that is created with them may last longer: no lease, no wrapping token, no secret
    /// id.
    package let endsAt: Timestamp?

    /// Creates the limits of a capability token.
    ///
    /// - Parameters:
    ///   - endsAt: When the credentials end, or nil if they end with their parent.
    ///   - allows: Returns whether an operation on a path is allowed.
    ///   - reaches: Returns whether anything is allowed below a path that ends with `/`.
    package init(
        endsAt: Timestamp? = nil, allows: @escaping @Sendable (Operation, String) -> Bool,
        reaches: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.endsAt = endsAt
        self.allows = allows
        self.reaches = reaches
    }

    /// Whether an operation on a path is allowed.
    package func callAsFunction(_ operation: Operation, _ path: String) -> Bool { allows(operation, path) }

    /// Whether anything is allowed below a path that ends with `/`.
    package func reaches(below prefix: String) -> Bool { reaches(prefix) }
}
