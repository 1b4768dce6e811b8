/// The profiles that every Coffer has, as YAML. A file of the same name in `COFFER_PLATFORM_DIR` replaces one.
package enum BuiltInProfiles {
    package static var all: [(name: String, text: String)] { google + communication + business + development + social }
}
