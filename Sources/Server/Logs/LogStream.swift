import EngineKit
import Glibc
package import Logging
import Synchronization
import Syntax

/// The destination of all loggers of the process. Each event is one line, written with one system
/// call. The level can be changed while the server runs.
package final class LogStream: Sendable {
    private let format: LogFormat
    private let levelIndex: Atomic<Int>
    private let write: @Sendable ([UInt8]) -> Void
    private let now: @Sendable () -> Timestamp

    /// Creates a stream that writes to standard error.
    package convenience init(format: LogFormat, level: Logger.Level) {
        self.init(format: format, level: level, now: { Timestamp(nanoseconds: wallClock()) }, write: writeToStandardError)
    }

    init(
        format: LogFormat, level: Logger.Level, now: @escaping @Sendable () -> Timestamp,
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.format = format
        self.write = write
        self.now = now
        levelIndex = Atomic(level.index)
    }

    /// The least severe level that is written.
    package var level: Logger.Level {
        get { Logger.Level.allCases[levelIndex.load(ordering: .relaxed)] }
        set { levelIndex.store(newValue.index, ordering: .relaxed) }
    }

    /// Returns a logger that writes to this stream, with `label` in each line.
    package func logger(_ label: String) -> Logger { Logger(label: label) { StreamLogHandler(label: $0, stream: self) } }

    func write(level: Logger.Level, logger: String, message: String, metadata: Logger.Metadata) {
        switch format {
        case .json: write(json(level, logger, message: message, metadata: metadata))
        case .standard: write(text(level, logger, message: message, metadata: metadata))
        }
    }

    private func json(_ level: Logger.Level, _ logger: String, message: String, metadata: Logger.Metadata) -> [UInt8] {
        var line = JSONObject([
            .init(key: "time", value: .string(now().description)),
            .init(key: "level", value: .string(level.vaultName)),
            .init(key: "logger", value: .string(logger)),
            .init(key: "message", value: .string(message)),
        ])
        let own = Set(line.keys)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line[own.contains(key) ? "metadata_\(key)" : key] = value.json
        }
        return line.encoded() + [0x0A]
    }

    private func text(_ level: Logger.Level, _ logger: String, message: String, metadata: Logger.Metadata) -> [UInt8] {
        let name = "[\(level.vaultName.uppercased())]"
        var line = "\(now()) \(name)\(name.utf8.count < 7 ? " " : "") \(logger): \(Self.plain(message))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(Self.quoted("\(value)"))" }
        return Array((line + "\n").utf8)
    }

    /// Quotes a text with control characters, so that a message cannot begin another line.
    private static func plain(_ text: String) -> String {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } ? text : quoted(text)
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F && $0 != "\"" }
        return isPlain ? text : String(decoding: JSON.string(text).encoded(), as: UTF8.self)
    }
}

private func wallClock() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Writes a line, which is lost if nobody reads the other end: the server must not wait for its
/// log.
private func writeToStandardError(_ line: [UInt8]) {
    line.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(2, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

extension Logger.Level {
    fileprivate var index: Int { Self.allCases.firstIndex(of: self) ?? 2 }

    fileprivate var vaultName: String {
        switch self {
        case .warning: "warn"
        case .notice: "info"
        case .critical: "error"
        default: rawValue
        }
    }
}

extension Logger.MetadataValue {
    fileprivate var json: JSON {
        switch self {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(\.json))
        case .dictionary(let values):
            .object(JSONObject(sorting: values) { $0.json })
        }
    }
}
