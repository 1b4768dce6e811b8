import Foundation
import Syntax
import Testing

@Suite("audit verify")
struct AuditVerifyTests {
    /// Runs `audit verify` on a file with one line of the format.
    private func verify(
        _ arguments: [String] = [], status: Int, errors: JSON, devices: Int = 200
    ) async throws -> CommandRun {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("verify-\(UUID().uuidString).log")
        try Data("{\"seg\":\"00112233445566778899aabbccddeeff\",\"seq\":1}\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let environment = ["COFFER_TOKEN": "hvs.test", "COFFER_MAX_RETRIES": "0"]
        return await CommandRun(["audit", "verify"] + arguments + [file.path], environment: environment) { method, path in
            if method == "GET", path == "sys/audit", devices == 200 {
                return (200, envelope(["file/": ["type": "file", "options": ["file_path": "/x"]]]))
            }
            return (status, ["errors": errors])
        }
    }

    @Test(
        "ends with 1 and says what it needs if the server gives no keys, because 2 would say that the file was changed",
        arguments: [
            (["-device=nope"], 400, 200), (["-device=file"], 403, 200), ([], 403, 200), ([], 403, 403), ([], 500, 500),
            ([], 503, 503),
        ] as [([String], Int, Int)])
    func refused(arguments: [String], status: Int, devices: Int) async throws {
        let run = try await verify(arguments, status: status, errors: ["said by the server"], devices: devices)
        #expect(run.status == 1, "\(run.errors)")
        #expect(run.errors.contains("Nothing was verified") && run.errors.contains("give the keys with -keys"), "\(run.errors)")
        #expect(run.errors.contains("sys/audit-verify/") && run.errors.contains("said by the server"), "\(run.errors)")
        #expect(run.output.isEmpty)
    }

    @Test("says that the file of the keys cannot be read, and sends nothing")
    func unreadableKeys() async throws {
        let run = try await verify(["-keys=/no/such/keys.json"], status: 500, errors: [])
        #expect(run.status == 1 && run.requests.isEmpty)
        #expect(run.errors.contains("Cannot open /no/such/keys.json: No such file or directory"), "\(run.errors)")
    }
}
