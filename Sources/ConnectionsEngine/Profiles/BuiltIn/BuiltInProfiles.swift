/// The profiles of the platforms that are part of Coffer, in YAML. A file with the same `name` in `COFFER_PLATFORM_DIR`
/// replaces a profile.
package enum BuiltInProfiles {
    /// The name and the YAML text of each profile.
    package static var all: [(name: String, text: String)] { google + communication + business + development + social }
}
