import EngineKit
import Foundation
import Syntax
import Testing

import Audit

@Suite struct CanaryTests {
    /// Ways in which a secret could lie in a file.
    private func forms(_ secret: String) -> [[UInt8]] {
        let bytes = Array(secret.utf8)
        let hex = bytes.map { String(format: "%02x", $0) }.joined()
        var forms = [
            bytes, Array(hex.utf8), Array(hex.uppercased().utf8), Array(JSON.string(secret).encoded().dropFirst().dropLast()),
        ]
        for offset in 0..<3 {
            let text = Data([UInt8](repeating: 0, count: offset) + bytes).base64EncodedString()
            // The characters that depend on nothing but the secret.
            forms.append(Array(text.utf8.dropFirst(offset == 0 ? 0 : offset + 1).dropLast(4)))
        }
        forms.append(Array((secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? secret).utf8))
        return forms
    }

    private func records(_ canary: String) -> [AuditRecord] {
        let value: JSON = [
            "text": .string(canary), "list": [.string(canary), ["deep": .string(canary)]],
            "bytes": .string(Data(canary.utf8).base64EncodedString()), "raw": .raw(JSON.string(canary).encoded()),
        ]
        let auth = AuditAuth(clientToken: canary, accessor: canary, displayName: "app", policies: ["p"])
        var request = AuditRequest(
            id: "1", operation: "update", path: "auth/token/lookup/hvs.\(canary.filter { $0 != "/" })/x", data: value,
            headers: [.init(name: "x-secret", values: [canary])], clientToken: canary, clientTokenAccessor: canary)
        let response = AuditResponse(
            data: value, rawBody: AuditRawBody(bytes: Array(canary.utf8)), issued: AuditIdentity(auth),
            wrapInfo: .init(
                token: canary, accessor: canary, ttlSeconds: 1, creationTime: Timestamp(seconds: 0), creationPath: "sys/x",
                wrappedAccessor: canary), statusCode: 200)
        let known = AuditIdentity(auth, isShared: true)
        let time = Timestamp(seconds: 1_700_000_000)
        let plain = AuditRecord(kind: .request, time: time, identity: AuditIdentity(auth), request: request)
        request.data = .raw(value.encoded())
        var raw = response
        raw.data = .raw(value.encoded())
        return [
            plain, AuditRecord(kind: .request, time: time, request: request),
            AuditRecord(kind: .response, time: time, identity: known, request: request, response: response),
            AuditRecord(kind: .response, time: time, identity: known, request: request, response: raw, error: "permission denied"),
        ]
    }

    @Test(arguments: ["canary-0123456789abcdef", "quo\"te\\back\nline-é€-canary-77", "s.AAAAAAAAAAAAAAAAAAAAAAAA"])
    func `writes no secret in any form, in any kind of record`(canary: String) throws {
        let trail = try Trail()
        try trail.enable()
        for record in records(canary) { try trail.broker.record(record) }
        try trail.broker.record(records(canary)[0], records(canary)[2])
        let contents = Data(trail.contents)
        for form in forms(canary) { #expect(contents.range(of: Data(form)) == nil) }
        #expect(try trail.recorded().count == 6)
        #expect(try trail.verify().isIntact)
    }

    @Test func `finds what it looks for when a device writes it`() throws {
        let trail = try Trail()
        try trail.enable()
        var record = AuditRecord.request(["open": "canary-0123456789abcdef"])
        record.mount = AuditMount(
            path: "secret/", type: "kv", accessor: "kv_1", mountClass: "secret", clearRequestKeys: ["open"])
        try trail.broker.record(record)
        #expect(Data(trail.contents).range(of: Data("canary-0123456789abcdef".utf8)) != nil)
    }

    @Test func `says nothing of a value in its errors`() throws {
        let trail = try Trail()
        try trail.enable()
        let device = FaultyDevice.Switch()
        try trail.add(FaultyDevice(control: device), name: "other/")
        trail.broker.close()
        let error = #expect(throws: AuditError.closed) { try trail.broker.record(.request(["v": "canary-0123456789abcdef"])) }
        #expect(error?.description.contains("canary") == false)
    }
}
