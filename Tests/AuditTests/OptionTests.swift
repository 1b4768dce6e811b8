import Testing

@testable import Audit  // Options have no other outside than a device's refusal.

@Suite struct OptionTests {
    @Test(arguments: ["prefix", "fallback", "filter", "exclude", "anything"])
    func `refuses options that it does not have`(name: String) {
        #expect(throws: AuditError.self) { try AuditOptions(type: "file", options: ["file_path": "/a/b", name: "x"]) }
    }

    @Test func `refuses to log values in clear and says why`() {
        let error = #expect(throws: AuditError.self) {
            try AuditOptions(type: "file", options: ["file_path": "/a/b", "log_raw": "true"])
        }
        #expect(error?.description.contains("secrets") == true)
        #expect(throws: Never.self) { try AuditOptions(type: "file", options: ["file_path": "/a/b", "log_raw": "false"]) }
    }

    @Test(arguments: ["0777", "0622", "0602", "0400", "0611", "9", "x", "", "1600"])
    func `refuses a file mode that lets others write or anybody run it`(mode: String) {
        #expect(throws: AuditError.self) { try AuditOptions(type: "file", options: ["file_path": "/a/b", "mode": mode]) }
    }

    @Test(arguments: [("0600", 0o600), ("0640", 0o640), ("644", 0o644), ("0660", 0o660), ("0000", 0o600)] as [(String, UInt16)])
    func `takes an octal file mode`(text: String, mode: UInt16) throws {
        #expect(try AuditOptions(type: "file", options: ["file_path": "/a/b", "mode": text]).mode == mode)
    }

    @Test(arguments: ["syslogs", "sockets", "", "FILE"])
    func `refuses types that do not exist`(type: String) {
        #expect(throws: AuditError.self) { try AuditOptions(type: type, options: ["file_path": "/a/b"]) }
    }
}
