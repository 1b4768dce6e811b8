/// What a request says of an entity or group; nil leaves it as it is. Already checked.
struct EntityChanges: Sendable {
    var name: String?
    var metadata: [String: String]?
    var policies: [String]?
    var isDisabled: Bool?
}
