extension Provider {
    /// Every known provider, in the order in which forms show them.
    package static let all: [Provider] = models + integrations + services + databases

    private static let byID = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })

    /// Returns the provider of an id, or nil for any other text, which is a provider that nothing is known about.
    package static func named(_ id: String) -> Provider? { byID[id] }
}
