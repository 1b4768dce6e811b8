/// What a role, a user or a mount says about the type of its tokens.
package enum TokenTypeChoice: String, Sendable, Hashable, CaseIterable {
    /// The type that the mount has.
    case `default`
    case service, batch
    case defaultService = "default-service"
    case defaultBatch = "default-batch"

    /// Whether this choice can lead to a batch token.
    package var mayBeBatch: Bool { self == .batch || self == .defaultBatch }

    /// Returns the type of a login's token: a mount with a fixed type decides alone, and one with a default leaves it to
    /// the role.
    package func resolved(onMount mount: TokenTypeChoice) -> TokenType {
        switch (mount, self) {
        case (.service, _): .service
        case (.batch, _): .batch
        case (.defaultBatch, .default): .batch
        case (_, .batch), (_, .defaultBatch): .batch
        default: .service
        }
    }
}
