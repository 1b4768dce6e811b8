import Crypto
import EngineKit
import Foundation
import Logging
import SecretMemory
import Syntax
import TestSupport

@testable import Audit  // Devices are put under a broker without their options, to make them fail.

/// A broker over a directory of its own.
final class Trail: Sendable {
    static let keys = AuditKeys(
        hmac: SecretBytes((0..<32).map { UInt8($0) }), chain: SecretBytes((0..<32).map { UInt8(200 - $0) }))

    let directory: String
    let time = ManualTime()
    let broker: AuditBroker

    init(seed: UInt64 = 1, directory: String? = nil, timeoutMilliseconds: Int32 = 20) throws {
        self.directory = directory ?? NSTemporaryDirectory().trimmingSuffix("/") + "/audit-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: self.directory, withIntermediateDirectories: true)
        broker = AuditBroker(
            settings: .init(
                allowedDirectories: [self.directory], nodeID: "node-1", streamTimeoutMilliseconds: timeoutMilliseconds),
            keys: Self.keys, clock: time, randomness: SeededRandomness(seed: seed),
            logger: Logger(label: "audit") { _ in SwiftLogNoOpLogHandler() })
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    var path: String { directory + "/audit.log" }
    var contents: [UInt8] { bytes(at: path) }

    func bytes(at path: String) -> [UInt8] { FileManager.default.contents(atPath: path).map { Array($0) } ?? [] }
    func write(_ bytes: [UInt8]) { _ = FileManager.default.createFile(atPath: path, contents: Data(bytes)) }

    static func configuration(_ path: String, _ options: [String: String] = [:], name: String = "file/") -> AuditDeviceConfiguration
    {
        .init(
            path: name, type: "file", description: "", options: options.merging(["file_path": path]) { $1 },
            accessor: "audit_file_" + name.dropLast())
    }

    func enable(_ options: [String: String] = [:], name: String = "file/", known: AuditCheckpoint? = nil) throws {
        let path = name == "file/" ? path : directory + "/" + name.dropLast()
        try broker.enable(Self.configuration(path, options, name: name), known: known)
    }

    /// A device of the test's own under the broker.
    func add(_ device: any AuditDevice, name: String) throws {
        let configuration = Self.configuration("unused", name: name)
        let options = try AuditOptions(type: "file", options: configuration.options)
        try broker.add(broker.make(configuration, options, device: device, known: nil))
    }

    static func deviceKey(_ name: String = "file") -> SecretBytes {
        DeviceKeys.chain(keys, accessor: "audit_file_" + name).withUnsafeBytes { SecretBytes($0) }
    }

    func verify(_ path: String? = nil, checkpoint: AuditCheckpoint? = nil, name: String = "file") throws -> AuditVerdict {
        try AuditVerifier.verify(paths: [path ?? self.path], keys: .device(Self.deviceKey(name)), checkpoint: checkpoint)
    }

    var checkpoint: AuditCheckpoint? { broker.checkpoints()["audit_file_file"] }

    /// The recorded lines as documents.
    func lines() throws -> [JSON] { try contents.split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: $0) } }

    func recorded() throws -> [JSON] { try lines().filter { ["request", "response"].contains($0["type"]?.stringValue) } }
}

extension AuditRecord {
    static func request(_ data: JSON? = nil, path: String = "secret/data/db", id: String = "r1") -> AuditRecord {
        AuditRecord(
            kind: .request, time: Timestamp(seconds: 1_700_000_000),
            identity: AuditIdentity(
                AuditAuth(clientToken: "hvs.token", accessor: "acc-1", displayName: "app", policies: ["default"], isAllowed: true)),
            request: AuditRequest(id: id, operation: "update", path: path, data: data, clientToken: "hvs.token"))
    }

    static func response(_ data: JSON?, operation: String = "read") -> AuditRecord {
        AuditRecord(
            kind: .response, time: Timestamp(seconds: 1_700_000_000),
            request: AuditRequest(id: "r1", operation: operation, path: "secret/data/db"),
            response: AuditResponse(data: data, statusCode: 200))
    }
}

extension String {
    func trimmingSuffix(_ suffix: String) -> String { hasSuffix(suffix) ? String(dropLast(suffix.count)) : self }
}

/// Fails when told to, after letting a part through.
struct FaultyDevice: AuditDevice {
    final class Switch: @unchecked Sendable {  // Touched by one test's thread.
        var failsAfterBytes: Int?
        var isClean = true
        var contents: [UInt8] = []
        var opens = 0
        var writes = 0
    }

    let control: Switch
    var isRecording: Bool { true }

    mutating func open() throws(AuditDeviceError) -> DeviceContents {
        control.opens += 1
        guard control.failsAfterBytes == nil else { throw AuditDeviceError(reason: "open", isClean: true) }
        let end = control.contents.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        var contents = DeviceContents()
        if end < control.contents.count {
            contents.repair = .init(removedBytes: UInt64(control.contents.count - end), removedSHA256: "00")
            control.contents.removeSubrange(end...)
        }
        let lines = control.contents.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        (contents.firstLine, contents.lastLine, contents.fileBytes) = (lines.first, lines.last, UInt64(end))
        return contents
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {
        control.writes += 1
        guard let count = control.failsAfterBytes else {
            control.contents.append(contentsOf: bytes)
            return
        }
        if !control.isClean { control.contents.append(contentsOf: bytes.prefix(count)) }
        throw AuditDeviceError(reason: "no space", isClean: control.isClean)
    }

    func fileBytes() -> UInt64 { UInt64(control.contents.count) }
    func line(endingAt offset: UInt64) -> [UInt8]? {
        guard offset > 0, offset <= control.contents.count else { return nil }
        return control.contents[..<(Int(offset) - 1)].split(separator: UInt8(ascii: "\n")).last.map { Array($0) }
    }
    mutating func close() {}
}

extension AuditBroker {
    /// One write, without waiting for others to join.
    func record(_ records: AuditRecord...) throws(AuditError) { try write(records.map { AuditEntry($0) }) }
}
