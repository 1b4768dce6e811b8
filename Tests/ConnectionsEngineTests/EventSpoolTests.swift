import ConnectionsEngine
import EngineKit
import Foundation
import Outbound
import Synchronization
import Syntax
import TestSupport
import Testing

/// A monitoring service that answers as told and keeps what it took.
private final class Monitoring: Outbound {
    private struct State {
        var reply: Result<OutboundReply, OutboundError> = .success(OutboundReply(status: 200))
        var requests: [OutboundRequest] = []
        var taken: [JSON] = []
        var objects: [JSON] = []
        var refusing: (owner: String, status: Int)?
        var onSend: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    func answer(_ status: Int) { state.withLock { $0.reply = .success(OutboundReply(status: status)) } }
    /// Whatever is sent for this owner gets this answer.
    func refuse(_ owner: String?, with status: Int = 400) { state.withLock { $0.refusing = owner.map { ($0, status) } } }
    /// Happens whenever something is sent.
    func whenAsked(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onSend = body } }
    /// Events that came one by one and were answered with 200.
    var objects: [JSON] { state.withLock { $0.objects } }
    func fail() { state.withLock { $0.reply = .failure(.notSent(.unreachable)) } }

    var requests: [OutboundRequest] { state.withLock { $0.requests } }
    /// Events of batches that were answered with 200.
    var taken: [JSON] { state.withLock { $0.taken } }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply {
        state.withLock { $0.onSend }?()
        return try state.withLock { state -> Result<OutboundReply, OutboundError> in
            state.requests.append(request)
            if let refusing = state.refusing, (try? JSON(parsing: request.body))?["owner"]?.stringValue == refusing.owner {
                return .success(OutboundReply(status: refusing.status))
            }
            if case .success(let reply) = state.reply, reply.status == 200 {
                if let object = try? JSON(parsing: request.body), object.objectValue != nil { state.objects.append(object) }
                state.taken += (try? JSON(parsing: request.body))?.arrayValue ?? []
            }
            return state.reply
        }.get()
    }
}

private func event(_ number: Int, padding: Int = 0) -> ConnectionEvent {
    ConnectionEvent(
        level: .info, name: .fetched, message: "token fetched" + String(repeating: ".", count: padding), engine: "engine-action",
        owner: "user:u\(number)", environment: "prod", platform: "slack", requestID: "r\(number)", code: nil,
        at: Timestamp(seconds: 1_700_000_000))
}

@Suite("The spool of events")
struct EventSpoolTests {
    private let service = Monitoring()
    private let time = ManualTime()

    private func spool(_ directory: String?, bytesMax: Int = 64 << 20, batchesMax: Int = 4_096) throws -> EventSpool {
        var settings = EventSpool.Settings(url: "https://logs.test/in")
        (settings.directory, settings.bytesMax, settings.batchesMax, settings.token) = (directory, bytesMax, batchesMax, "t")
        return try #require(EventSpool(settings, outbound: service, time: time, randomness: SeededRandomness(seed: 1)))
    }

    @Test("sends batches of JSON in order, to that service alone, with its token")
    func batches() async throws {
        let spool = try spool(nil)
        for number in 0..<450 { spool.emit(event(number)) }
        await spool.runRound()
        #expect(service.requests.count == 3)
        #expect(service.taken.map { $0["owner"]?.stringValue } == (0..<450).map { "user:u\($0)" })
        let first = try #require(service.requests.first)
        #expect(first.url == "https://logs.test/in" && first.allowedHosts == ["logs.test"])
        #expect(first.headers.contains { $0.name == "Authorization" && $0.value == "Bearer t" })
        let members = service.taken[0].objectValue.map { Set($0.keys) }
        #expect(members == ["time", "level", "message", "engine", "event", "owner", "environment", "platform", "request_id"])
        #expect(spool.waiting.batches == 0)
    }

    @Test("what the service did not take waits on disk, privately, through a restart")
    func restart() async throws {
        let directory = try TemporaryDirectory()
        service.fail()
        let first = try spool(directory.file("events"))
        first.emit(event(1))
        await first.runRound()
        first.emit(event(2))
        first.finish()
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.file("events"))
        #expect(files.count == 2)
        for file in files {
            let path = directory.file("events") + "/" + file
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        }
        service.answer(200)
        let second = try spool(directory.file("events"))
        #expect(second.waiting.batches == 2)
        second.emit(event(3))
        await second.runRound()
        #expect(service.taken.compactMap { $0["request_id"]?.stringValue } == ["r1", "r2", "r3"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.file("events")).isEmpty)
    }

    @Test("is bounded by bytes: the oldest go, and it is told how many may be missing")
    func bounded() async throws {
        let directory = try TemporaryDirectory()
        service.answer(503)
        let spool = try spool(directory.path, bytesMax: 8_000)
        for number in 0..<40 {
            spool.emit(event(number, padding: 800))
            await spool.runRound()
            #expect(spool.waiting.bytes <= 8_000)
            let onDisk = try FileManager.default.contentsOfDirectory(atPath: directory.path).count
            #expect(onDisk == spool.waiting.batches)
        }
        service.answer(200)
        time.advance(seconds: 61)
        await spool.runRound()
        let owners = service.taken.compactMap { $0["owner"]?.stringValue }
        #expect(owners.last == "user:u39" && !owners.contains("user:u0") && owners.count <= 8)
        let report = try #require(service.taken.first { $0["event"] == "events.dropped" })
        #expect((report["count"]?.intValue ?? 0) > 0 && report["request_id"]?.stringValue?.utf8.count == 36)
    }

    @Test("is bounded by batches, and in memory before they are written")
    func boundedCounts() async throws {
        service.fail()
        let spool = try spool(nil, batchesMax: 3)
        for number in 0..<10 {
            spool.emit(event(number))
            await spool.runRound()
        }
        #expect(spool.waiting.batches == 3)
        for number in 0..<100 { spool.emit(event(number, padding: 1 << 20)) }
        await spool.runRound()
        #expect(spool.waiting.batches == 3)
    }

    @Test("a service that fails is asked again after a wait that doubles up to a minute")
    func waits() async throws {
        service.answer(500)
        let spool = try spool(nil)
        spool.emit(event(1))
        await spool.runRound()
        var waits: [Int] = []
        for _ in 0..<8 {
            let asked = service.requests.count
            var seconds = 0
            while service.requests.count == asked, seconds < 100 {
                time.advance(seconds: 1)
                seconds += 1
                await spool.runRound()
            }
            waits.append(seconds)
        }
        #expect(waits == [2, 4, 8, 16, 32, 60, 60, 60])
        service.answer(200)
        time.advance(seconds: 60)
        await spool.runRound()
        #expect(service.taken.count == 1 && spool.waiting.batches == 0)
    }

    @Test(
        "what the service calls malformed is counted and kept aside, holds up nothing, and is tried again at the next start",
        arguments: [400, 413, 422, 418])
    func refused(status: Int) async throws {
        let directory = try TemporaryDirectory()
        service.answer(status)
        let first = try spool(directory.path)
        first.emit(event(1))
        await first.runRound()
        #expect(service.requests.count == 1 && first.waiting.batches == 0)
        await first.runRound()
        #expect(service.requests.count == 1)
        #expect(first.state?["refused"] == 1 && first.state?["refused_kept"] == 1 && first.state?["dropped"] == 0)
        service.answer(200)
        first.emit(event(2))
        await first.runRound()
        #expect(service.taken.compactMap { $0["request_id"]?.stringValue } == ["r2"])
        let second = try spool(directory.path)
        await second.runRound()
        #expect(service.taken.compactMap { $0["request_id"]?.stringValue } == ["r2", "r1"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }

    @Test(
        "a wrong token or address says nothing about the events: they wait",
        arguments: [401, 403, 404, 405, 408, 425, 429, 500, 302])
    func waitsForTheService(status: Int) async throws {
        service.answer(status)
        let spool = try spool(nil)
        spool.emit(event(1))
        await spool.runRound()
        #expect(spool.waiting.batches == 1 && spool.state?["refused"] == 0)
    }

    @Test("what is kept aside is bounded too, and whatever goes for that is reported, exactly and not every second")
    func refusedIsBounded() async throws {
        let directory = try TemporaryDirectory()
        service.answer(422)
        let spool = try spool(directory.path)
        for number in 0..<300 {
            spool.emit(event(number))
            spool.emit(event(number))
            await spool.runRound()
        }
        let kept = try FileManager.default.contentsOfDirectory(atPath: directory.path).count
        #expect(kept <= 257)
        time.advance(seconds: 61)
        service.answer(200)
        await spool.runRound()
        let reports = service.taken.filter { $0["event"] == "events.dropped" }
        #expect(reports.count == 1)
        let kinds = try #require(spool.state)
        let dropped = try #require(kinds["dropped"]?.intValue), refused = try #require(kinds["refused"]?.intValue)
        #expect(dropped > 0 && refused == dropped + (kinds["refused_kept"]?.intValue ?? 0))
    }

    @Test("a batch that cannot be read any more is counted as dropped, not as sent")
    func damaged() async throws {
        let directory = try TemporaryDirectory()
        service.fail()
        let first = try spool(directory.path)
        for number in 0..<7 { first.emit(event(number)) }
        await first.runRound()
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: directory.path).first)
        try write("[{", directory.file(name))
        service.answer(200)
        let second = try spool(directory.path)
        await second.runRound()
        await second.runRound()
        #expect(service.taken.map { $0["count"] } == [7])
    }

    @Test("the wait begins when the service failed, not when the batch did")
    func waitsFromTheFailure() async throws {
        var settings = EventSpool.Settings(url: "https://logs.test/in")
        settings.form = .object
        let spool = try #require(EventSpool(settings, outbound: service, time: time, randomness: SeededRandomness(seed: 1)))
        for number in 0..<5 { spool.emit(event(number)) }
        service.whenAsked { [time] in time.advance(seconds: 10) }
        service.refuse("user:u3", with: 503)
        await spool.runRound()
        #expect(service.requests.count == 4)
        time.advance(seconds: 1)
        await spool.runRound()
        #expect(service.requests.count == 4)
        service.refuse(nil)
        time.advance(seconds: 1)
        await spool.runRound()
        #expect(service.requests.count == 6 && spool.waiting.batches == 0)
    }

    @Test("where the service takes one object at a time, each event is one request, and a refused one does not hold up the others")
    func objects() async throws {
        var settings = EventSpool.Settings(url: "https://logs.test/in")
        settings.form = .object
        let spool = try #require(EventSpool(settings, outbound: service, time: time, randomness: SeededRandomness(seed: 1)))
        for number in 0..<5 { spool.emit(event(number)) }
        service.refuse("user:u2")
        await spool.runRound()
        #expect(service.requests.count == 5 && spool.waiting.batches == 0)
        #expect(service.objects.compactMap { $0["owner"]?.stringValue } == ["user:u0", "user:u1", "user:u3", "user:u4"])
        #expect(spool.state?["refused"] == 1 && spool.state?["refused_kept"] == 1)
        // An outage in the middle: what was taken is not sent again.
        for number in 5..<8 { spool.emit(event(number)) }
        service.refuse("user:u6", with: 503)
        await spool.runRound()
        service.refuse(nil)
        time.advance(seconds: 3)
        await spool.runRound()
        #expect(service.objects.compactMap { $0["owner"]?.stringValue }.suffix(3) == ["user:u5", "user:u6", "user:u7"])
    }
}
