import EngineKit
import Foundation
import StoreSQLite
import TestSupport
import Testing

/// A file system of two megabytes, where the machine lets us make one.
private final class SmallDisk {
    private let directory: TemporaryDirectory
    var path: String { directory.path }

    static let isPossible = (try? SmallDisk()) != nil

    init() throws {
        directory = try TemporaryDirectory()
        guard mount("tmpfs", directory.path, "tmpfs", 0, "size=2m,mode=0700") == 0 else { throw POSIXError(.EPERM) }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}

@Suite struct SQLiteFullDiskTests {
    @Test(
        "refuses writes while the disk is full, serves reads, and recovers",
        .enabled(if: SmallDisk.isPossible, "mounting a small tmpfs needs root"),
        arguments: [200_000, 700_000, 1_200_000])
    func fullDisk(_ fillerBytes: Int) async throws {
        let disk = try SmallDisk()
        let filler = "\(disk.path)/filler"
        let storage = try SQLiteStorage(directory: "\(disk.path)/store", logger: quiet)
        try Data(count: fillerBytes).write(to: URL(filePath: filler))
        var written: [Int] = []
        #expect(await fill(storage, from: 0, &written) == .unavailable("the disk is full"))
        #expect(written.count > 5)
        try await expectAll(written, storage)

        try FileManager.default.removeItem(atPath: filler)
        try await put(storage, "k/900", Self.value(900))
        written.append(900)
        #expect(await fill(storage, from: 1_000, &written) == .unavailable("the disk is full"))
        try await expectAll(written, storage)
        await storage.close()

        let copy = try TemporaryDirectory()
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(disk.path)/store") {
            try FileManager.default.copyItem(atPath: "\(disk.path)/store/\(name)", toPath: copy.file(name))
        }
        let reopened = try SQLiteStorage(directory: copy.path, logger: quiet)
        try await expectAll(written, reopened)
        await reopened.close()
    }

    @Test("acknowledges nothing while the disk refuses writes, and goes on when it takes them again")
    func failingDisk() async {
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            let directory = try TemporaryDirectory()
            let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
            for round in 0..<3 {
                try await put(storage, "good/\(round)", Self.value(round))
                let log = try #require(
                    FileManager.default.attributesOfItem(atPath: directory.file("coffer.db-wal"))[.size] as? Int)
                // Writes behind the end of the log now fail with EFBIG, which is no full disk to SQLite.
                setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), [rlimit(rlim_cur: rlim_t(log), rlim_max: rlim_t.max)])
                for index in 0..<5 {
                    do throws(StorageError) {
                        var batch = Batch()
                        batch.put("bad/\(round)/\(index)", Self.value(index))
                        try await storage.commit(batch)
                        exit(2)
                    } catch {
                        guard case .unavailable = error else { exit(3) }
                    }
                    guard try await storage.get("good/\(round)")?.value == Self.value(round) else { exit(4) }
                }
                setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), [rlimit(rlim_cur: rlim_t.max, rlim_max: rlim_t.max)])
                guard try await storage.list(Listing(prefix: "bad/")).isEmpty else { exit(5) }
            }
            await storage.close()
            let again = try SQLiteStorage(directory: directory.path, logger: quiet)
            guard try await again.list(Listing(prefix: "", isRecursive: true)) == ["good/0", "good/1", "good/2"] else { exit(6) }
            exit(0)
        }
    }

    private func expectAll(_ written: [Int], _ storage: SQLiteStorage) async throws {
        for index in written { #expect(try await storage.get("k/\(index)")?.value == Self.value(index)) }
        #expect(try await storage.list(Listing(prefix: "k/")).count == written.count)
    }

    private static func value(_ index: Int) -> [UInt8] { Array(repeating: UInt8(index % 251), count: 20_000) }

    /// Writes until it is refused, from four tasks at once.
    private func fill(_ storage: SQLiteStorage, from first: Int, _ written: inout [Int]) async -> StorageError? {
        await withTaskGroup(of: (Int, StorageError?).self) { group in
            var next = first
            var failure: StorageError?
            for _ in 0..<4 { addWrite(&group, storage, &next) }
            while let (index, error) = await group.next() {
                if let error {
                    failure = error
                } else {
                    written.append(index)
                    if failure == nil, next < first + 900 { addWrite(&group, storage, &next) }
                }
            }
            return failure
        }
    }

    private func addWrite(_ group: inout TaskGroup<(Int, StorageError?)>, _ storage: SQLiteStorage, _ next: inout Int) {
        let index = next
        next += 1
        group.addTask {
            var batch = Batch()
            batch.put("k/\(index)", Self.value(index), if: .absent, version: 1)
            do throws(StorageError) {
                try await storage.commit(batch)
                return (index, nil)
            } catch {
                return (index, error)
            }
        }
    }
}
