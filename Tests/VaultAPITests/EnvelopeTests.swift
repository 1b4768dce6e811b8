import EngineKit
import Syntax
import Testing

@Suite struct EnvelopeTests {
    private let head =
        #"{"request_id":"8e9c1d52-0000-4000-8000-000000000001","lease_id":"","renewable":false,"lease_duration":0,"#

    @Test func data() async {
        let reply = await answer(.success(.data(["b": 1, "a": .number("1.0")])))
        #expect(reply.status == 200)
        #expect(reply.text == head + #""data":{"b":1,"a":1.0},"wrap_info":null,"warnings":null,"auth":null,"mount_type":"kv"}"#)
    }

    @Test func storedTextGoesOutAsItIs() async {
        let raw = #"{"n": 1.0,  "big":12345678901234567890}"#
        let reply = await answer(.success(Response(.data(.raw(Array(raw.utf8))))))
        #expect(reply.text == head + #""data":\#(raw),"wrap_info":null,"warnings":null,"auth":null,"mount_type":"kv"}"#)
    }

    @Test func membersOfSystemAnswersComeTwice() async {
        let reply = await answer(.success(.data(["keys": ["a"], "data": "shadow"])), path: "sys/policies/acl")
        #expect(
            reply.text == head
                + #""data":{"keys":["a"],"data":"shadow"},"wrap_info":null,"warnings":null,"auth":null,"mount_type":"kv","keys":["a"]}"#
        )
    }

    @Test func nothingIs204WithoutABody() async {
        let reply = await answer(.success(.empty))
        #expect(reply.status == 204)
        #expect(reply.text.isEmpty)
    }

    @Test func warningsNeedAnEnvelope() async {
        let reply = await answer(.success(Response(.none, warnings: ["old \"name\""])))
        #expect(reply.status == 200)
        #expect(reply.text == head + #""data":null,"wrap_info":null,"warnings":["old \"name\""],"auth":null,"mount_type":"kv"}"#)
    }

    @Test func bareBodiesStayBare() async {
        let reply = await answer(.success(.bare(["sealed": true], status: 503)))
        #expect(reply.status == 503)
        #expect(reply.text == #"{"sealed":true}"#)
    }

    @Test func auth() async {
        let issued = IssuedAuth(
            clientToken: "hvs.x", accessor: "acc", policies: ["default", "p"], tokenPolicies: ["default", "p"],
            metadata: ["b": "2", "a": "1"], leaseSeconds: 60, isRenewable: true, isOrphan: false, uses: 3)
        let reply = await answer(.success(Response(.none, auth: .issued(issued))))
        #expect(reply.status == 200)
        #expect(
            reply.text == head + #""data":null,"wrap_info":null,"warnings":null,"auth":{"client_token":"hvs.x","accessor":"acc","#
                + #""policies":["default","p"],"token_policies":["default","p"],"identity_policies":[],"metadata":{"a":"1","b":"2"},"#
                + #""lease_duration":60,"renewable":true,"entity_id":"","token_type":"service","orphan":false,"#
                + #""mfa_requirement":null,"num_uses":3},"mount_type":"kv"}"#)
    }

    @Test(
        "gives errors their status",
        arguments: [
            (CofferError.Code.invalidRequest, 400), (.permissionDenied, 403), (.notFound, 404), (.methodNotAllowed, 405),
            (.conflict, 409),
            (.tooLarge, 413), (.unsupportedMediaType, 415), (.rateLimited, 429), (.uninitialized, 400), (.sealed, 503),
            (.unavailable, 503), (.internal, 500),
        ])
    func errors(_ code: CofferError.Code, _ status: Int) async {
        let reply = await answer(.failure(CofferError(code, "why \"so\"")))
        #expect(reply.status == status)
        #expect(reply.text == #"{"errors":["why \"so\""]}"#)
    }

    @Test func nothingFoundHasNoErrors() async {
        let reply = await answer(.failure(.notFound))
        #expect(reply.status == 404)
        #expect(reply.text == #"{"errors":[]}"#)
    }

    @Test func aDeletedVersionStillHasItsData() async {
        let reply = await answer(.failure(CofferError(.notFound, data: ["data": .null, "metadata": ["version": 2]])))
        #expect(reply.status == 404)
        #expect(
            reply.text == head
                + #""data":{"data":null,"metadata":{"version":2}},"wrap_info":null,"warnings":null,"auth":null,"mount_type":"kv"}"#)
    }
}
