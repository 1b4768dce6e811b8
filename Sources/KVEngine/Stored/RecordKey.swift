import Syntax

/// Where this engine's records lie in its mount's storage.
enum RecordKey {
    static let settings = "config"
    /// Below it one record a secret of version 2: `head/<path>`.
    static let heads = "head/"
    /// Below it one record a secret of version 1: `v1/<path>`.
    static let plain = "v1/"

    static func head(_ path: String) -> String { heads + path }
    static func plain(_ path: String) -> String { plain + path }

    /// The data of a version that is no longer the newest: `archive/<path>/<sixteen hexadecimal digits>`.
    static func archive(_ path: String, _ version: UInt64) -> String {
        "archive/\(path)/" + Hex.encode(version)
    }
}
