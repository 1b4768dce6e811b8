import Certificates
import EngineKit
import Outbound

/// Fetches revocation lists and asks OCSP responders. Both sign what they send, so plain http will do.
struct RevocationFetches: Sendable {
    let outbound: any Outbound

    /// Returns what is at the URL of a revocation list, which an operator wrote.
    func list(_ url: String) async throws(CofferError) -> [UInt8] {
        var target: OutboundTarget
        do throws(OutboundTargetError) {
            target = try OutboundTarget(configured: url, isSigned: true)
        } catch {
            throw .invalid("field 'url': \(error.text)")
        }
        target.answerBytesMax = RevocationList.bytesMax
        let reply: OutboundReply
        do throws(OutboundError) {
            reply = try await outbound.send(target.get(headers: [("accept", "application/pkix-crl, */*")]))
        } catch {
            throw .invalid("could not fetch the CRL: \(error.text)")
        }
        guard reply.status == 200 else { throw .invalid("could not fetch the CRL: the server answered \(reply.status)") }
        return reply.body
    }

    /// Returns what a responder answers to a request, or nil if it does not answer.
    ///
    /// - Parameter isConfigured: Whether an operator wrote the URL. One from a certificate reaches public addresses only.
    func status(_ request: [UInt8], from url: String, isConfigured: Bool) async -> [UInt8]? {
        let made =
            isConfigured
            ? try? OutboundTarget(configured: url, isSigned: true) : try? OutboundTarget(foreign: url, isSigned: true)
        guard var target = made else { return nil }
        target.timeoutMilliseconds = 5_000
        target.answerBytesMax = OCSPResponse.bytesMax
        let sent = target.post(
            headers: [("content-type", "application/ocsp-request"), ("accept", "application/ocsp-response")], body: request)
        guard let reply = try? await outbound.send(sent), reply.status == 200 else { return nil }
        return reply.body
    }
}
