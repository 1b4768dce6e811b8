import Foundation
import Synchronization
import Syntax

/// Batches of events that are waiting to be sent, oldest first, and batches that the service rejected.
///
/// They are stored as files of a directory, or in memory if there is no directory. Both kinds are limited in number and size;
/// the oldest are dropped when a limit is reached, and the caller is told how many events were lost.
final class EventBatches: Sendable {
    /// A batch. Its name, such as `000000000042-200`, holds its position and the number of its events.
    struct Batch: Sendable {
        var name: String
        var bytes: Int

        /// The number of events assumed for a file whose name does not say it: as many as a batch may hold.
        static let eventsUnknown = 200

        /// The number of events in the batch.
        var events: Int { name.cutUTF8(at: "-").flatMap { Int($0.after) } ?? Self.eventsUnknown }
        /// The position of the batch, or nil if the name does not begin with one.
        var number: Int? { Int(name.prefixUTF8 { $0.isASCIIDigit }) }
    }

    private struct State {
        var waiting: [Batch] = []
        var refused: [Batch] = []
        var held: [String: [UInt8]] = [:]
        var next = 0
    }

    static let waitingSuffix = ".events"
    static let refusedSuffix = ".refused"
    private static let refusedMax = 256

    private let directory: String?
    private let bytesMax: Int
    private let batchesMax: Int
    private let state = Mutex(State())

    /// Opens the batches of a directory, or an empty set in memory if `directory` is nil. Returns nil if the directory can be
    /// neither created nor read. Batches that were rejected earlier are queued again, since the configuration may have been
    /// corrected since.
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
                guard let name = file.removingUTF8Suffix(Self.waitingSuffix) ?? file.removingUTF8Suffix(Self.refusedSuffix) else {
                    continue
                }
                let path = "\(directory)/\(name)\(Self.waitingSuffix)"
                if file.hasUTF8Suffix(Self.refusedSuffix), rename("\(directory)/\(file)", path) != 0 { continue }
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

    /// The number and size of the batches that are waiting.
    var waiting: (batches: Int, bytes: Int) { state.withLock { ($0.waiting.count, Self.bytes($0.waiting)) } }
    /// The number of events in the rejected batches that are kept.
    var refusedEvents: Int { state.withLock { $0.refused.reduce(0) { $0 + $1.events } } }
    /// The oldest waiting batch.
    var first: Batch? { state.withLock { $0.waiting.first } }

    private static func bytes(_ batches: [Batch]) -> Int { batches.reduce(0) { $0 + $1.bytes } }

    /// Adds a batch to the end of the queue, and returns how many events were lost for it.
    func append(_ body: [UInt8], events: Int) -> Int {
        let name = state.withLock { state in
            defer { state.next += 1 }
            let digits = String(state.next)
            return String(repeating: "0", count: max(12 - digits.utf8.count, 0)) + "\(digits)-\(events)"
        }
        guard save(body, name + Self.waitingSuffix) else { return events }
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
        for batch in lost { delete(batch.name + Self.waitingSuffix) }
        return lost.reduce(0) { $0 + $1.events }
    }

    /// Returns the JSON of a batch, or nil if it cannot be read.
    func body(of batch: Batch) -> [UInt8]? {
        guard let directory else { return state.withLock { $0.held[batch.name] } }
        return FileManager.default.contents(atPath: "\(directory)/\(batch.name)\(Self.waitingSuffix)").map { Array($0) }
    }

    /// Removes a batch that was delivered or cannot be read.
    func remove(_ batch: Batch) {
        state.withLock { state in
            state.waiting.removeAll { $0.name == batch.name }
            state.held[batch.name] = nil
        }
        delete(batch.name + Self.waitingSuffix)
    }

    /// Removes a batch from the queue and keeps what the service rejected of it. Returns how many events were lost for it.
    func setAside(_ batch: Batch, _ body: [UInt8], events: Int) -> Int {
        remove(batch)
        // The name keeps its position and gets the new number of events.
        let name = String(batch.name.prefixUTF8 { $0.isASCIIDigit }) + "-\(events)"
        guard save(body, name + Self.refusedSuffix) else { return events }
        let lost = state.withLock { state in
            state.refused.append(Batch(name: name, bytes: body.count))
            if directory == nil { state.held[name + Self.refusedSuffix] = body }
            var lost: [Batch] = []
            while Self.bytes(state.refused) > bytesMax / 4 || state.refused.count > Self.refusedMax {
                lost.append(state.refused.removeFirst())
            }
            for batch in lost { state.held[batch.name + Self.refusedSuffix] = nil }
            return lost
        }
        for batch in lost { delete(batch.name + Self.refusedSuffix) }
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
