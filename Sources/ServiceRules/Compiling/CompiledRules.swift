/// A service's rules as an ordinary policy over a KV version 2 mount.
package struct CompiledRules: Sendable, Hashable {
    /// The text of the policy.
    package var policy: String
    /// Where listings of this service start: folders below the mount in which `*` matches every name.
    package var listingRoots: [ListingRoot]
}

/// Where a listing may start; the segments are of the secret's path, the project first.
package struct ListingRoot: Sendable, Hashable {
    package var segments: [SegmentPattern]
    /// One secret, not a folder.
    package var isExact: Bool
}
