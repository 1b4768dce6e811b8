import Certificates
import EngineKit
import Outbound

/// Fetches revocation lists and asks OCSP responders. Both sign what they send, so plain http will do where the issuer is known: the
/// signature of an OCSP response is always verified, and a list that comes over http is refused if no authority of the mount can
/// have signed it.
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

    /// What came of asking a responder.
    enum Status: Sendable, Hashable {
        case answered([UInt8])
        case failed
        /// It was not asked, because too many other requests to it are under way.
        case busy
    }

    /// Asks a responder.
    ///
    /// - Parameter isConfigured: Whether an operator wrote the URL. One from a certificate reaches public addresses only.
    func status(_ request: [UInt8], from url: String, isConfigured: Bool) async -> Status {
        let made =
            isConfigured
            ? try? OutboundTarget(configured: url, isSigned: true) : try? OutboundTarget(foreign: url, isSigned: true)
        guard var target = made else { return .failed }
        target.timeoutMilliseconds = 5_000
        target.answerBytesMax = OCSPResponse.bytesMax
        let sent = target.post(
            headers: [("content-type", "application/ocsp-request"), ("accept", "application/ocsp-response")], body: request)
        do throws(OutboundError) {
            let reply = try await outbound.send(sent)
            return reply.status == 200 ? .answered(reply.body) : .failed
        } catch {
            return error == .notSent(.tooMany) ? .busy : .failed
        }
    }

    /// Whether a responder that an operator names may be called, as far as its URL tells.
    func mayCall(_ url: String) -> Bool {
        (try? OutboundTarget(configured: url, isSigned: true)).map(outbound.mayCall) ?? false
    }
}
