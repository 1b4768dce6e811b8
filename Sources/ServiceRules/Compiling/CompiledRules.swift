/// The rules of a service, compiled to a policy for a KV version 2 mount.
package struct CompiledRules: Sendable, Hashable {
    /// The text of the policy.
    package var policy: String
    /// Where listings of the service start: folders below the mount, in which `*` matches every name.
    package var listingRoots: [ListingRoot]
}

/// A place where a listing may start.
package struct ListingRoot: Sendable, Hashable {
    /// The segments of the path of the secret or folder; the first one is the project.
    package var segments: [SegmentPattern]
    /// Whether this is a secret rather than a folder.
    package var isExact: Bool
}
