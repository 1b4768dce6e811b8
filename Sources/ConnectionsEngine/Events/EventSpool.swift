package import EngineKit
package import Logging
package import Outbound
import Synchronization
package import Syntax

/// Sends events to a monitoring service, and keeps them on disk until the service has accepted them.
///
/// Each batch is a file. Batches that the service rejects as malformed are set aside, so that they do not block later ones.
/// When the limits are reached, the oldest events are dropped, counted, reported and logged.
package final class EventSpool: EventSink {
    /// What the service accepts in one request.
    package enum Form: String, Sendable, CaseIterable {
        /// A JSON array of events.
        case array
        /// One event, a JSON object.
        case object
    }

    /// The configuration of the spool.
    package struct Settings: Sendable {
        /// The URL that events are posted to.
        package var url: String
        /// Whether events are sent as arrays or one by one.
        package var form = Form.array
        /// The bearer token sent with each request; none if empty.
        package var token = ""
        /// The directory for batches, or nil to keep them in memory.
        package var directory: String?
        /// The size of all waiting batches, after which the oldest are dropped.
        package var bytesMax = 64 << 20
        /// The number of waiting batches, after which the oldest are dropped.
        package var batchesMax = 4_096

        /// Creates settings with the default limits.
        package init(url: String) { self.url = url }
    }

    /// Events since the last round, in memory.
    private struct Buffer {
        var lines: [[UInt8]] = []
        var byteCount = 0
        /// Events dropped since the last report.
        var dropped = 0
        var reportedAt = Timestamp(seconds: 0)
    }

    /// How much of the first batch has been sent, when events are sent one by one, and when to try again.
    private struct Progress {
        var batch = ""
        var sent = 0
        var refused: [JSON] = []
        var requestsLeft = 0
        var failures = 0
        var waitUntil = Timestamp(seconds: 0)
        /// The status code of the last rejection, so that repeated ones are logged once.
        var status = 0
    }

    /// What became of one request to the service.
    private enum Delivery {
        case accepted
        /// The service could not be reached or is not ready, for the given reason.
        case postponed(String)
        /// The service answered with this 4xx status code: sending the same events again would fail again.
        case rejected(Int)
    }

    /// The number of events in one batch.
    static let linesMax = 200
    /// The size of one batch.
    static let batchBytesMax = 256 << 10
    /// The size of all events of one second, in memory.
    private static let bufferBytesMax = 8 << 20
    private static let requestsInRoundMax = [Form.array: 64, .object: 500]
    /// The time between two reports of dropped events. A report is an event too, and may itself be dropped.
    private static let reportSeconds = 60

    private let settings: Settings
    private let host: String
    private let outbound: any Outbound
    private let time: any TimeSource
    private let randomness: any Randomness
    private let logger: Logger
    private let buffer = Mutex(Buffer())
    private let progress = Mutex(Progress())
    private let batches: EventBatches
    private let droppedCount = Atomic(0)
    private let refusedCount = Atomic(0)

    /// Creates a spool. Returns nil if the URL is malformed or the directory cannot be created.
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

    /// Queues an event in memory; the next round writes it to disk. Drops the event if the buffer is full.
    package func emit(_ event: ConnectionEvent) {
        let line = event.json.encoded()
        buffer.withLock { buffer in
            guard buffer.byteCount + line.count <= Self.bufferBytesMax else {
                buffer.dropped += 1
                return
            }
            buffer.lines.append(line)
            buffer.byteCount += line.count
        }
    }

    /// The number and size of the batches that are waiting to be sent.
    package var waiting: (batches: Int, bytes: Int) { batches.waiting }

    /// The counts that the insights show: waiting batches, rejected and dropped events since this process started, and rejected
    /// events that are kept.
    package var state: JSONObject? {
        [
            "waiting_batches": .int(batches.waiting.batches), "refused": .int(refusedCount.load(ordering: .relaxed)),
            "refused_kept": .int(batches.refusedEvents), "dropped": .int(droppedCount.load(ordering: .relaxed)),
        ]
    }

    // MARK: A round

    /// Writes the buffered events to disk, then sends the waiting batches. Must not be called concurrently.
    package func runRound() async {
        save()
        progress.withLock { $0.requestsLeft = Self.requestsInRoundMax[settings.form] ?? 0 }
        while let batch = batches.first, await send(batch) {}
    }

    /// Writes the buffered events to disk when the process ends; the next start sends them.
    package func finish() { save() }

    private func save() {
        let now = time.now()
        var taken = buffer.withLock { buffer in
            let taken = buffer
            buffer.lines = []
            buffer.byteCount = 0
            guard taken.dropped > 0, now.seconds - taken.reportedAt.seconds >= Self.reportSeconds else { return taken }
            buffer.dropped = 0
            buffer.reportedAt = now
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

    private func store(_ batch: [UInt8], _ count: Int) { countDropped(batches.append(batch + [UInt8(ascii: "]")], events: count)) }

    private func countDropped(_ events: Int) {
        if events > 0 { buffer.withLock { $0.dropped += events } }
    }

    // MARK: Sending

    /// Sends a batch. Returns whether the next one may be sent.
    private func send(_ batch: EventBatches.Batch) async -> Bool {
        let now = time.now()
        guard progress.withLock({ $0.waitUntil <= now && $0.requestsLeft > 0 }) else { return false }
        guard let body = batches.body(of: batch), let events = (try? JSON(parsing: body))?.arrayValue else {
            batches.remove(batch)
            countDropped(batch.events)
            return true
        }
        switch settings.form {
        case .array:
            switch await post(body) {
            case .accepted: close(batch, rejected: [])
            case .rejected(let status):
                logRejection(status, events: events.count)
                close(batch, rejected: events)
            case .postponed(let reason): return postpone(reason)
            }
        case .object:
            progress.withLock { if $0.batch != batch.name { ($0.batch, $0.sent, $0.refused) = (batch.name, 0, []) } }
            for event in events.dropFirst(progress.withLock { $0.sent }) {
                guard progress.withLock({ $0.requestsLeft > 0 }) else { return false }
                switch await post(event.encoded()) {
                case .accepted: break
                case .rejected(let status):
                    logRejection(status, events: 1)
                    progress.withLock { $0.refused.append(event) }
                case .postponed(let reason): return postpone(reason)
                }
                progress.withLock { $0.sent += 1 }
            }
            close(batch, rejected: progress.withLock { $0.refused })
        }
        return true
    }

    /// Removes a batch that was sent, and sets aside the events that were rejected.
    private func close(_ batch: EventBatches.Batch, rejected refused: [JSON]) {
        if refused.isEmpty {
            batches.remove(batch)
        } else {
            countDropped(batches.setAside(batch, JSON.array(refused).encoded(), events: refused.count))
        }
    }

    /// Sets the time of the next attempt, and returns false. The wait begins now, since sending may have taken long.
    private func postpone(_ reason: String) -> Bool {
        let now = time.now()
        let isFirst = progress.withLock { progress in
            progress.failures += 1
            progress.waitUntil = now.adding(seconds: min(1 << min(progress.failures, 6), 60))
            return progress.failures == 1
        }
        if isFirst {
            logger.warning(
                "the event service cannot be reached or is not accepting events; they are queued and sent again later",
                metadata: ["request_id": "\(randomness.uuid())", "reason": "\(reason)", "batches": "\(batches.waiting.batches)"])
        }
        return false
    }

    /// Counts rejected events, and logs the first rejection with each status code.
    private func logRejection(_ status: Int, events: Int) {
        let isFirst = progress.withLock { progress in
            defer { progress.status = status }
            return progress.status != status
        }
        refusedCount.wrappingAdd(events, ordering: .relaxed)
        guard isFirst else { return }
        logger.warning(
            "the event service rejected events; they are set aside until the next restart. Check events_format",
            metadata: [
                "request_id": "\(randomness.uuid())", "status": "\(status)", "format": "\(settings.form.rawValue)",
                "refused": "\(refusedCount.load(ordering: .relaxed))",
            ])
    }

    /// Posts JSON to the service.
    private func post(_ body: [UInt8]) async -> Delivery {
        var request = OutboundRequest(.post, settings.url, allowedHosts: [host], body: body)
        request.headers = [("Content-Type", "application/json")]
        if !settings.token.isEmpty { request.headers.append(("Authorization", "Bearer \(settings.token)")) }
        progress.withLock { $0.requestsLeft -= 1 }
        do throws(OutboundError) {
            let reply = try await outbound.send(request)
            switch reply.status {
            case 200...299:
                progress.withLock { ($0.failures, $0.status) = (0, 200) }
                return .accepted
            // These do not concern the events: the token or the URL is wrong, or the service is busy.
            case 401, 403, 404, 405, 407, 408, 425, 429: return .postponed("status \(reply.status)")
            // Events that are malformed stay malformed.
            case 400...499: return .rejected(reply.status)
            default: return .postponed("status \(reply.status)")
            }
        } catch {
            return .postponed(error.text)
        }
    }
}
