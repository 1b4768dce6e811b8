/// What credentials that their holder narrowed leave of a caller's rights. An object, because requests carry it along.
package final class Narrowing: Sendable {
    private let allows: @Sendable (Operation, String) -> Bool
    private let reaches: @Sendable (String) -> Bool
    /// When the credentials end. Nothing that is made with them may last longer: no lease, no wrapping token, no secret id.
    package let endsAt: Timestamp?

    /// Creates the limits of narrowed credentials.
    ///
    /// - Parameters:
    ///   - endsAt: When the credentials end, or nil if they end with their parent.
    ///   - allows: Returns whether an operation on a path is left.
    ///   - reaches: Returns whether anything is left below a path that ends with `/`.
    package init(
        endsAt: Timestamp? = nil, allows: @escaping @Sendable (Operation, String) -> Bool,
        reaches: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.endsAt = endsAt
        self.allows = allows
        self.reaches = reaches
    }

    /// Whether an operation on a whole path is left.
    package func callAsFunction(_ operation: Operation, _ path: String) -> Bool { allows(operation, path) }

    /// Whether anything is left below a path that ends with `/`.
    package func reaches(below prefix: String) -> Bool { reaches(prefix) }
}
