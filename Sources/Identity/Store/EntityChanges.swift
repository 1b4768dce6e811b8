/// A validated request to change an entity. A member that is nil stays as it is.
struct EntityChanges: Sendable {
    var name: String?
    var metadata: [String: String]?
    var policies: [String]?
    var isDisabled: Bool?
}
