package import EngineKit
package import Logging
package import Outbound
import Synchronization
package import Syntax

/// Sends events to a monitoring service, and keeps them on disk until it took them.
///
/// Each batch is a file of its own. What the service calls malformed is set aside, so that it holds up nothing behind it. What does
/// not fit any more is dropped, oldest first, counted, reported and logged.
package final class EventSpool: EventSink {
    /// What the service takes with one request.
    package enum Form: String, Sendable, CaseIterable {
        /// A JSON array of events.
        case array
        /// One event, a JSON object.
        case object
    }

    package struct Settings: Sendable {
        /// Where events are posted.
        package var url: String
        package var form = Form.array
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
        /// Since they were last reported.
        var dropped = 0
        var reportedAt = Timestamp(seconds: 0)
    }

    /// How far the first batch has come, where events go one by one.
    private struct Progress {
        var batch = ""
        var sent = 0
        var refused: [JSON] = []
        var requestsLeft = 0
        var failures = 0
        var waitUntil = Timestamp(seconds: 0)
        /// Of the last answer, so that a service that refuses all of them is told of once.
        var status = 0
    }

    private enum Verdict { case taken, later(String), refused(Int) }

    static let linesMax = 200
    static let batchBytesMax = 256 << 10
    /// Of one second, in memory.
    private static let gatheredBytesMax = 8 << 20
    private static let requestsInRoundMax = [Form.array: 64, .object: 500]
    /// A report is an event too, and may be refused in its turn.
    private static let reportSeconds = 60

    private let settings: Settings
    private let host: String
    private let outbound: any Outbound
    private let time: any TimeSource
    private let randomness: any Randomness
    private let logger: Logger
    private let gathered = Mutex(Gathered())
    private let progress = Mutex(Progress())
    private let batches: EventBatches
    private let droppedCount = Atomic(0)
    private let refusedCount = Atomic(0)

    /// nil when the URL is none or the directory cannot be made.
    package init?(
        _ settings: Settings, outbound: any Outbound, time: any TimeSource, randomness: any Randomness,
        logger: Logger = Logger(label: "events") { _ in SwiftLogNoOpLogHandler() }
    ) {
        guard let url = OutboundURL(settings.url),
            let batches = EventBatches(
                directory: settings.directory, bytesMax: settings.bytesMax, batchesMax: settings.batchesMax)
        else { return nil }
        self.settings = settings
        self.batches = batches
        host = url.host
        self.outbound = outbound
        self.time = time
        self.randomness = randomness
        self.logger = logger
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
    package var waiting: (batches: Int, bytes: Int) { batches.waiting }

    /// For the insights: what waits, what lies aside, and what is lost since this process began.
    package var state: JSONObject? {
        [
            "waiting_batches": .int(batches.waiting.batches), "refused": .int(refusedCount.load(ordering: .relaxed)),
            "refused_kept": .int(batches.refusedEvents), "dropped": .int(droppedCount.load(ordering: .relaxed)),
        ]
    }

    // MARK: A round

    /// Writes what was gathered to disk, then sends what lies there. Never called twice at a time.
    package func runRound() async {
        save()
        progress.withLock { $0.requestsLeft = Self.requestsInRoundMax[settings.form] ?? 0 }
        while let batch = batches.first, await send(batch) {}
    }

    /// The end of the process: what was gathered waits on disk for the next start.
    package func finish() { save() }

    private func save() {
        let now = time.now()
        var taken = gathered.withLock { gathered in
            let taken = gathered
            gathered.lines = []
            gathered.byteCount = 0
            guard taken.dropped > 0, now.seconds - taken.reportedAt.seconds >= Self.reportSeconds else { return taken }
            gathered.dropped = 0
            gathered.reportedAt = now
            return taken
        }
        if taken.dropped > 0, now.seconds - taken.reportedAt.seconds >= Self.reportSeconds {
            droppedCount.wrappingAdd(taken.dropped, ordering: .relaxed)
            let requestID = randomness.uuid()
            logger.warning("events were dropped", metadata: ["request_id": "\(requestID)", "count": "\(taken.dropped)"])
            let report: JSONObject = [
                "time": .string(now.description), "level": "warn", "message": "events were dropped", "engine": "coffer",
                "event": "events.dropped", "request_id": .string(requestID), "count": .int(taken.dropped),
            ]
            taken.lines.append(report.encoded())
        }
        var batch: [UInt8] = []
        var count = 0
        for line in taken.lines {
            if count >= Self.linesMax || batch.count + line.count > Self.batchBytesMax, count > 0 {
                store(batch, count)
                (batch, count) = ([], 0)
            }
            batch.append(UInt8(ascii: batch.isEmpty ? "[" : ","))
            batch += line
            count += 1
        }
        if count > 0 { store(batch, count) }
    }

    private func store(_ batch: [UInt8], _ count: Int) { drop(batches.append(batch + [UInt8(ascii: "]")], events: count)) }

    private func drop(_ events: Int) {
        if events > 0 { gathered.withLock { $0.dropped += events } }
    }

    // MARK: Sending

    /// Whether the next batch may be sent.
    private func send(_ batch: EventBatches.Batch) async -> Bool {
        let now = time.now()
        guard progress.withLock({ $0.waitUntil <= now && $0.requestsLeft > 0 }) else { return false }
        guard let body = batches.body(of: batch), let events = (try? JSON(parsing: body))?.arrayValue else {
            batches.remove(batch)
            drop(batch.events)
            return true
        }
        switch settings.form {
        case .array:
            switch await post(body) {
            case .taken: settle(batch, refused: [])
            case .refused(let status):
                refuse(status, events.count)
                settle(batch, refused: events)
            case .later(let reason): return postpone(reason)
            }
        case .object:
            progress.withLock { if $0.batch != batch.name { ($0.batch, $0.sent, $0.refused) = (batch.name, 0, []) } }
            for event in events.dropFirst(progress.withLock { $0.sent }) {
                guard progress.withLock({ $0.requestsLeft > 0 }) else { return false }
                switch await post(event.encoded()) {
                case .taken: break
                case .refused(let status):
                    refuse(status, 1)
                    progress.withLock { $0.refused.append(event) }
                case .later(let reason): return postpone(reason)
                }
                progress.withLock { $0.sent += 1 }
            }
            settle(batch, refused: progress.withLock { $0.refused })
        }
        return true
    }

    private func settle(_ batch: EventBatches.Batch, refused: [JSON]) {
        if refused.isEmpty {
            batches.remove(batch)
        } else {
            drop(batches.setAside(batch, JSON.array(refused).encoded(), events: refused.count))
        }
    }

    /// False, for nothing more is sent now. The wait begins here: the batch may have taken long until then.
    private func postpone(_ reason: String) -> Bool {
        let now = time.now()
        let isFirst = progress.withLock { progress in
            progress.failures += 1
            progress.waitUntil = now.adding(seconds: min(1 << min(progress.failures, 6), 60))
            return progress.failures == 1
        }
        if isFirst {
            logger.warning(
                "the event service is not accepting events; they are queued",
                metadata: ["request_id": "\(randomness.uuid())", "reason": "\(reason)", "batches": "\(batches.waiting.batches)"])
        }
        return false
    }

    private func refuse(_ status: Int, _ events: Int) {
        let isFirst = progress.withLock { progress in
            defer { progress.status = status }
            return progress.status != status
        }
        refusedCount.wrappingAdd(events, ordering: .relaxed)
        guard isFirst else { return }
        logger.warning(
            "the event service rejected events; they are set aside until the next restart. Is events_format right?",
            metadata: [
                "request_id": "\(randomness.uuid())", "status": "\(status)", "format": "\(settings.form.rawValue)",
                "refused": "\(refusedCount.load(ordering: .relaxed))",
            ])
    }

    private func post(_ body: [UInt8]) async -> Verdict {
        var request = OutboundRequest(.post, settings.url, allowedHosts: [host], body: body)
        request.headers = [("Content-Type", "application/json")]
        if !settings.token.isEmpty { request.headers.append(("Authorization", "Bearer \(settings.token)")) }
        progress.withLock { $0.requestsLeft -= 1 }
        do throws(OutboundError) {
            let reply = try await outbound.send(request)
            switch reply.status {
            case 200...299:
                progress.withLock { ($0.failures, $0.status) = (0, 200) }
                return .taken
            // Those say nothing about the events: a wrong token or address, or a service that is busy.
            case 401, 403, 404, 405, 407, 408, 425, 429: return .later("status \(reply.status)")
            // What the service calls malformed will not be better the next time.
            case 400...499: return .refused(reply.status)
            default: return .later("status \(reply.status)")
            }
        } catch {
            return .later(error.text)
        }
    }
}
