import EngineKit
@testable import KVEngine

extension Golden {
    static let ofKV: [Golden] =
        ["kv-head", "kv-head-metadata", "kv-head-destroyed"].map { name in
            Golden(name) { try Head(decoding: $0, key: name).encoded() }
        }
        + ["kv-settings", "kv-settings-off"].map { name in
            Golden(name) { try MountSettings(decoding: $0, key: name).encoded() }
        }
        + ["kv-plain", "kv-plain-no-lease"].map { name in
            Golden(name) { try PlainRecord(decoding: $0, key: name).encoded() }
        }
        + [
            Golden("kv-archive") {
                ArchiveRecord.encode(try ArchiveRecord.decode($0, version: 3, key: "kv-archive"), version: 3)
            }
        ]
}
