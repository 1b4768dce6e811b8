package import EngineKit
import Foundation
package import Outbound
import Synchronization
import Syntax

/// Sends events in batches to a monitoring service, and keeps them on disk until it took them.
///
/// Each batch is a file of its own. What does not fit any more is dropped, oldest first, counted, and reported.
package final class EventSpool: EventSink {
    package struct Settings: Sendable {
        /// Where batches are posted.
        package var url: String
        /// Sent as a Bearer token; empty sends none.
        package var token = ""
        /// nil keeps batches in memory.
        package var directory: String?
        package var bytesMax = 64 << 20
        package var batchesMax = 4_096

        package init(url: String) { self.url = url }
    }

    private struct Gathered {
        var lines: [[UInt8]] = []
        var byteCount = 0
        var dropped = 0
    }

    private struct Batches {
        /// Names of files, or batches themselves when there is no directory; oldest first.
        var files: [(name: String, bytes: Int)] = []
        var held: [String: [UInt8]] = [:]
        var next = 0
        var waitUntil = Timestamp(seconds: 0)
        var failures = 0

        var byteCount: Int { files.reduce(0) { $0 + $1.bytes } }
    }

    static let linesMax = 200
    static let batchBytesMax = 256 << 10
    /// Of one second, in memory.
    private static let gatheredBytesMax = 8 << 20
    private static let sentInRoundMax = 64

    private let settings: Settings
    private let host: String
    private let outbound: any Outbound
    private let time: any TimeSource
    private let randomness: any Randomness
    private let gathered = Mutex(Gathered())
    private let batches = Mutex(Batches())

    /// nil when the URL is none or the directory cannot be made.
    package init?(_ settings: Settings, outbound: any Outbound, time: any TimeSource, randomness: any Randomness) {
        guard let url = OutboundURL(settings.url) else { return nil }
        self.settings = settings
        host = url.host
        self.outbound = outbound
        self.time = time
        self.randomness = randomness
        guard let directory = settings.directory else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasUTF8Suffix(".events") }
                .sorted()
            batches.withLock { batches in
                for name in names {
                    let size = (try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")[.size] as? Int) ?? 0
                    batches.files.append((name, size))
                }
                batches.next = (names.last.flatMap { Int($0.dropLastUTF8(7)) } ?? 0) + 1
            }
        } catch {
            return nil
        }
    }

    package func give(_ event: ConnectionEvent) {
        let line = event.json.encoded()
        gathered.withLock { gathered in
            guard gathered.byteCount + line.count <= Self.gatheredBytesMax else {
                gathered.dropped += 1
                return
            }
            gathered.lines.append(line)
            gathered.byteCount += line.count
        }
    }

    /// Batches that wait, and the bytes of them.
    package var waiting: (batches: Int, bytes: Int) { batches.withLock { ($0.files.count, $0.byteCount) } }

    // MARK: A round

    /// Writes what was gathered to disk, then sends what lies there. Never called twice at a time.
    package func runRound() async {
        save()
        await send()
    }

    /// The end of the process: what was gathered waits on disk for the next start.
    package func finish() { save() }

    private func save() {
        var taken = gathered.withLock { gathered in
            defer { gathered = Gathered() }
            return gathered
        }
        if taken.dropped > 0 {
            let report: JSONObject = [
                "time": .string(time.now().description), "level": "warn", "message": "events were dropped", "engine": "coffer",
                "event": "events.dropped", "request_id": .string(randomness.uuid()), "count": .int(taken.dropped),
            ]
            taken.lines.append(report.encoded())
        }
        var batch: [UInt8] = []
        var count = 0
        for line in taken.lines {
            if count >= Self.linesMax || batch.count + line.count > Self.batchBytesMax {
                store(batch + [UInt8(ascii: "]")])
                (batch, count) = ([], 0)
            }
            batch.append(UInt8(ascii: batch.isEmpty ? "[" : ","))
            batch += line
            count += 1
        }
        if !batch.isEmpty { store(batch + [UInt8(ascii: "]")]) }
    }

    private func store(_ batch: [UInt8]) {
        let name = batches.withLock { batches in
            defer { batches.next += 1 }
            let digits = String(batches.next)
            return String(repeating: "0", count: max(12 - digits.utf8.count, 0)) + digits + ".events"
        }
        var isSaved = settings.directory == nil
        if let directory = settings.directory {
            let file = "\(directory)/\(name)"
            isSaved =
                FileManager.default.createFile(atPath: file + ".new", contents: Data(batch), attributes: [.posixPermissions: 0o600])
                && rename(file + ".new", file) == 0
        }
        let lost = batches.withLock { batches -> [String] in
            guard isSaved else { return [] }
            batches.files.append((name, batch.count))
            if settings.directory == nil { batches.held[name] = batch }
            var lost: [String] = []
            while batches.byteCount > settings.bytesMax || batches.files.count > settings.batchesMax {
                let oldest = batches.files.removeFirst().name
                batches.held[oldest] = nil
                lost.append(oldest)
            }
            return lost
        }
        for name in lost { remove(name) }
        let count = (isSaved ? 0 : 1) + lost.count
        // Of events it is about 200 for each batch; the report says that some are missing, and how many at most.
        if count > 0 { gathered.withLock { $0.dropped += count * Self.linesMax } }
    }

    private func remove(_ name: String) {
        if let directory = settings.directory { try? FileManager.default.removeItem(atPath: "\(directory)/\(name)") }
    }

    private func send() async {
        for _ in 0..<Self.sentInRoundMax {
            let now = time.now()
            let next = batches.withLock { batches in batches.waitUntil > now ? nil : batches.files.first?.name }
            guard let name = next else { return }
            let body =
                if let directory = settings.directory {
                    FileManager.default.contents(atPath: "\(directory)/\(name)").map { Array($0) }
                } else {
                    batches.withLock { $0.held[name] }
                }
            let isTaken = if let body { await post(body) } else { true }
            batches.withLock { batches in
                guard isTaken else {
                    batches.failures += 1
                    batches.waitUntil = now.adding(seconds: min(1 << min(batches.failures, 6), 60))
                    return
                }
                batches.failures = 0
                batches.files.removeAll { $0.name == name }
                batches.held[name] = nil
            }
            guard isTaken else { return }
            remove(name)
        }
    }

    private func post(_ body: [UInt8]) async -> Bool {
        var request = OutboundRequest(.post, settings.url, allowedHosts: [host], body: body)
        request.headers = [("Content-Type", "application/json")]
        if !settings.token.isEmpty { request.headers.append(("Authorization", "Bearer \(settings.token)")) }
        do throws(OutboundError) {
            let reply = try await outbound.send(request)
            // What the service calls malformed will not be better the next time.
            return (200...299).contains(reply.status) || reply.status == 400 || reply.status == 413 || reply.status == 422
        } catch {
            return false
        }
    }
}
