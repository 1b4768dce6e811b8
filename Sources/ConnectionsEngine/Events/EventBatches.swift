import Foundation
import Synchronization
import Syntax

/// Batches of events that wait to be sent, oldest first, and those that the service refused: files of a directory, or memory
/// where there is none. Both are bounded, and whatever goes for that is counted.
final class EventBatches: Sendable {
    /// A batch by its name: `000000000042-200`, its place in the order and how many events it has.
    struct Batch: Sendable {
        var name: String
        var bytes: Int

        /// What is told of one whose name does not say it: as many as there may be.
        static let eventsUnknown = 200

        var events: Int { name.cutUTF8(at: "-").flatMap { Int($0.after) } ?? Self.eventsUnknown }
        var number: Int? { Int(name.prefixUTF8 { $0.isASCIIDigit }) }
    }

    private struct State {
        var waiting: [Batch] = []
        var refused: [Batch] = []
        var held: [String: [UInt8]] = [:]
        var next = 0
    }

    static let waitingTail = ".events"
    static let refusedTail = ".refused"
    private static let refusedMax = 256

    private let directory: String?
    private let bytesMax: Int
    private let batchesMax: Int
    private let state = Mutex(State())

    /// nil when the directory cannot be made or read. What was refused before is tried again: the configuration may be right now.
    init?(directory: String?, bytesMax: Int, batchesMax: Int) {
        self.directory = directory
        self.bytesMax = bytesMax
        self.batchesMax = batchesMax
        guard let directory else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            var found: [Batch] = []
            for file in try FileManager.default.contentsOfDirectory(atPath: directory) {
                guard let name = file.removingUTF8Suffix(Self.waitingTail) ?? file.removingUTF8Suffix(Self.refusedTail) else {
                    continue
                }
                let path = "\(directory)/\(name)\(Self.waitingTail)"
                if file.hasUTF8Suffix(Self.refusedTail), rename("\(directory)/\(file)", path) != 0 { continue }
                let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
                found.append(Batch(name: String(name), bytes: size))
            }
            found.sort { $0.name < $1.name }
            let last = found.compactMap(\.number).max() ?? 0
            state.withLock { state in
                state.waiting = found
                state.next = last < Int.max ? last + 1 : last
            }
        } catch {
            return nil
        }
    }

    var waiting: (batches: Int, bytes: Int) { state.withLock { ($0.waiting.count, Self.bytes($0.waiting)) } }
    var refusedEvents: Int { state.withLock { $0.refused.reduce(0) { $0 + $1.events } } }
    var first: Batch? { state.withLock { $0.waiting.first } }

    private static func bytes(_ batches: [Batch]) -> Int { batches.reduce(0) { $0 + $1.bytes } }

    /// Puts a batch behind the others. How many events were lost for it.
    func append(_ body: [UInt8], events: Int) -> Int {
        let name = state.withLock { state in
            defer { state.next += 1 }
            let digits = String(state.next)
            return String(repeating: "0", count: max(12 - digits.utf8.count, 0)) + "\(digits)-\(events)"
        }
        guard save(body, name + Self.waitingTail) else { return events }
        let lost = state.withLock { state in
            state.waiting.append(Batch(name: name, bytes: body.count))
            if directory == nil { state.held[name] = body }
            var lost: [Batch] = []
            while Self.bytes(state.waiting) > bytesMax || state.waiting.count > batchesMax {
                lost.append(state.waiting.removeFirst())
            }
            for batch in lost { state.held[batch.name] = nil }
            return lost
        }
        for batch in lost { delete(batch.name + Self.waitingTail) }
        return lost.reduce(0) { $0 + $1.events }
    }

    /// nil when it cannot be read.
    func body(of batch: Batch) -> [UInt8]? {
        guard let directory else { return state.withLock { $0.held[batch.name] } }
        return FileManager.default.contents(atPath: "\(directory)/\(batch.name)\(Self.waitingTail)").map { Array($0) }
    }

    /// It was taken, or there is nothing left of it.
    func remove(_ batch: Batch) {
        state.withLock { state in
            state.waiting.removeAll { $0.name == batch.name }
            state.held[batch.name] = nil
        }
        delete(batch.name + Self.waitingTail)
    }

    /// Keeps what the service refused of a batch, apart from what waits. How many events were lost for it.
    func setAside(_ batch: Batch, _ body: [UInt8], events: Int) -> Int {
        remove(batch)
        // The same place in the order, another number of events.
        let name = String(batch.name.prefixUTF8 { $0.isASCIIDigit }) + "-\(events)"
        guard save(body, name + Self.refusedTail) else { return events }
        let lost = state.withLock { state in
            state.refused.append(Batch(name: name, bytes: body.count))
            if directory == nil { state.held[name + Self.refusedTail] = body }
            var lost: [Batch] = []
            while Self.bytes(state.refused) > bytesMax / 4 || state.refused.count > Self.refusedMax {
                lost.append(state.refused.removeFirst())
            }
            for batch in lost { state.held[batch.name + Self.refusedTail] = nil }
            return lost
        }
        for batch in lost { delete(batch.name + Self.refusedTail) }
        return lost.reduce(0) { $0 + $1.events }
    }

    private func save(_ body: [UInt8], _ file: String) -> Bool {
        guard let directory else { return true }
        let path = "\(directory)/\(file)"
        return FileManager.default.createFile(atPath: path + ".new", contents: Data(body), attributes: [.posixPermissions: 0o600])
            && rename(path + ".new", path) == 0
    }

    private func delete(_ file: String) {
        if let directory { try? FileManager.default.removeItem(atPath: "\(directory)/\(file)") }
    }
}
