/// The profiles of the platforms that are part of Coffer, in YAML. A file with the same `name` in `COFFER_PLATFORM_DIR`
/// replaces a profile.
package enum BuiltInProfiles {
    /// The YAML text of each profile.
    package static var all: [String] { google + communication + business + development + social }
}
