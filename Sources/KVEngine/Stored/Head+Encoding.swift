import EngineKit

extension Head {
    /// Returns the record, whose layout is in `docs/formats/kv.md`.
    func encoded() -> [UInt8] {
        let newest = versions.last
        var output: [UInt8] = []
        let author = Array((newest?.author ?? "").utf8)
        output.reserveCapacity(128 + author.count + customMetadata.count + data.count + versions.count * 24)
        output.append(RecordHeader.head)
        output.append(flags.rawValue)
        output.append(0)
        // A store refuses records far below 4 GiB, so no length is cut here.
        output.append(littleEndian: UInt32(clamping: author.count))
        output.append(littleEndian: UInt32(clamping: customMetadata.count))
        output.append(littleEndian: UInt32(clamping: data.count))
        output.append(littleEndian: current)
        output.append(littleEndian: newest?.created.nanoseconds ?? 0)
        output.append(littleEndian: newest?.deletion?.nanoseconds ?? HeadFormat.noTime)
        output.append(contentsOf: author)
        output.append(contentsOf: customMetadata)
        output.append(contentsOf: data)
        output.append(littleEndian: created.nanoseconds)
        output.append(littleEndian: updated.nanoseconds)
        output.append(littleEndian: oldest)
        output.append(littleEndian: UInt64(deleteAfter))
        output.append(littleEndian: UInt32(clamping: versionsMax))
        encodeHistory(into: &output)
        return output
    }

    private var flags: HeadFlags {
        var flags: HeadFlags = []
        if versions.last?.isDestroyed == true { flags.insert(.destroyed) }
        if needsCheckAndSet { flags.insert(.needsCheckAndSet) }
        return flags
    }

    private func encodeHistory(into output: inout [UInt8]) {
        let earlier = versions.dropLast()
        var names: [String] = []
        var numbers: [String: UInt32] = [:]
        for version in earlier where numbers[version.author] == nil {
            numbers[version.author] = UInt32(names.count)
            names.append(version.author)
        }
        output.append(littleEndian: UInt32(names.count))
        output.append(littleEndian: UInt32(earlier.count))
        for name in names {
            output.append(littleEndian: UInt32(clamping: name.utf8.count))
            output.append(contentsOf: name.utf8)
        }
        for version in earlier {
            output.append(littleEndian: version.created.nanoseconds)
            output.append(littleEndian: version.deletion?.nanoseconds ?? HeadFormat.noTime)
            output.append(littleEndian: numbers[version.author] ?? 0)
            output.append(version.isDestroyed ? 1 : 0)
        }
    }
}

/// Constants of the record of a head.
enum HeadFormat {
    /// The stored time that stands for "never".
    static let noTime = Int64.min
    /// One more than the highest number of a version. Any JSON reader represents the numbers below it exactly.
    static let numbersEnd: UInt64 = 1 << 53
    /// The length of the entry of one earlier version.
    static let entryBytes = 21
    /// The largest number of versions of a secret. One batch can delete them, and a head can list them cheaply.
    static let versionsMax = 1_000
}

/// The flags in the record of a head.
struct HeadFlags: OptionSet {
    var rawValue: UInt8

    static let destroyed = HeadFlags(rawValue: 1)
    static let needsCheckAndSet = HeadFlags(rawValue: 2)
    static let known: HeadFlags = [.destroyed, .needsCheckAndSet]
}
