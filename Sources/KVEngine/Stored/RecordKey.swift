import Syntax

/// The keys of this engine's records in the storage of its mount.
enum RecordKey {
    /// The settings of a version 2 mount.
    static let settings = "config"
    /// The prefix of one record for each secret of version 2: `head/<path>`.
    static let heads = "head/"
    /// The prefix of one record for each secret of version 1: `v1/<path>`.
    static let plain = "v1/"

    static func head(_ path: String) -> String { heads + path }
    static func plain(_ path: String) -> String { plain + path }

    /// Returns the key of the data of a version that is no longer the newest: `archive/<path>/<sixteen hexadecimal digits>`.
    static func archive(_ path: String, _ version: UInt64) -> String {
        "archive/\(path)/" + Hex.encode(version)
    }
}
