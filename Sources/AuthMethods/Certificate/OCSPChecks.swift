import Certificates
import Crypto
import EngineKit
import Logging
import Outbound
import Records
import Synchronization
import Syntax

/// Asks OCSP responders about clients' certificates, and remembers what they said for as long as it holds.
///
/// What is remembered belongs to one entry in one version, because entries differ in whom they believe. Logins with the same
/// certificate at the same time share one request.
final class OCSPChecks: Sendable {
    private let fetches: RevocationFetches
    private let context: MountContext
    private let troubles: TroubleLog
    private let gate: Gate
    private let state = Mutex(State())

    private struct State {
        var verdicts: [Key: OCSPVerdict] = [:]
        /// The keys in the order in which they were remembered.
        var order: [Key] = []
        /// What is being asked now.
        var asking: [Key: Task<Answer, Never>] = [:]
    }

    private struct Key: Hashable {
        var entry: String
        var version: UInt64
        var server: String
        var certificate: [UInt8]
        var issuer: [UInt8]
    }

    private enum Answer: Sendable {
        case verdict(OCSPVerdict)
        /// The responder gave no answer that can be relied on.
        case nothing
        /// The responder was not asked.
        case busy
    }

    /// What a login that needs an answer is told when too many others ask. It never goes by `ocsp_fail_open`: whoever can make the
    /// server busy could otherwise log in with a revoked certificate.
    private static let busy = CofferError(
        .unavailable, "too many logins wait for an OCSP responder; try again, or log in with the name of an entry")

    /// The time for all that a login asks, in seconds; one attempt has the time that `Outbound` gives it.
    private static let secondsMax = 15

    /// - Parameters:
    ///   - runningMax: How many responders are asked at once.
    ///   - waitingMax: How many further logins wait.
    init(_ context: MountContext, fetches: RevocationFetches, runningMax: Int = 48, waitingMax: Int = 256) {
        self.fetches = fetches
        self.context = context
        troubles = TroubleLog(context.logger, time: context.time)
        gate = Gate(widthMax: runningMax, waitingMax: waitingMax)
    }

    /// When a login that begins now asks no more.
    var deadline: Timestamp { context.time.now().adding(seconds: Self.secondsMax) }

    /// Whether a responder that an operator names may be asked, as far as its URL tells.
    func mayAsk(_ server: String) -> Bool { fetches.mayCall(server) }

    /// Whether the responders leave a chain's certificate unrevoked, or say nothing of use and the entry fails open.
    ///
    /// - Parameters:
    ///   - presented: What the client sent, among which the issuer of a certificate may be that is trusted itself.
    ///   - cacheSize: How many answers are remembered.
    ///   - deadline: When nobody is asked any more.
    /// - Throws: ``CofferError`` if a responder that would have to be asked was not, because too many logins ask or the time of this one
    ///   is over.
    func allow(
        _ chain: ClientChain, presented: [ClientCertificate], by found: RecordTable<CertificateEntry>.Found, cacheSize: Int,
        before deadline: Timestamp
    ) async throws(CofferError) -> Bool {
        let settings = found.value.ocsp
        guard settings.isEnabled else { return true }
        let leaf = chain.leaf
        // What an operator wrote comes before what the client sent, whose dates nobody else vouches for.
        let issuer =
            chain.issued.first?.issuer
            ?? leaf.issuer(among: (settings.responders.certificates + presented).filter(\.isAuthority))
        let servers = settings.servers.isEmpty ? leaf.ocspServers : settings.servers
        guard let issuer, !servers.isEmpty else { return refuse(settings, "there is no responder to ask") }
        let (certificate, authority) = (Array(SHA256.hash(data: leaf.der)), Array(SHA256.hash(data: issuer.der)))
        let keys = servers.map { server in
            Key(entry: found.value.name, version: found.version, server: server, certificate: certificate, issuer: authority)
        }
        guard !keys.contains(where: { known($0)?.status == .revoked }) else { return false }
        var hasGood = false
        for key in keys {
            switch try await verdict(on: leaf, by: issuer, key, settings, cacheSize: cacheSize, before: deadline)?.status {
            case .revoked: return false
            case .good:
                if !settings.asksAll { return true }
                hasGood = true
            case .unknown, nil:
                if settings.asksAll, !settings.failsOpen { return refuse(settings, "not all responders agree") }
            }
        }
        return hasGood || refuse(settings, "no responder gave an answer that can be relied on")
    }

    private func refuse(_ settings: OCSPSettings, _ reason: String) -> Bool {
        troubles.warn(
            settings.failsOpen
                ? "a certificate login went on without OCSP" : "a certificate login was refused for want of OCSP", reason: reason)
        return settings.failsOpen
    }

    /// Returns what is remembered, or what the responder says now; nil if it says nothing that can be relied on.
    private func verdict(
        on leaf: ClientCertificate, by issuer: ClientCertificate, _ key: Key, _ settings: OCSPSettings, cacheSize: Int,
        before deadline: Timestamp
    ) async throws(CofferError) -> OCSPVerdict? {
        if let known = known(key) { return known }
        guard context.time.now() < deadline else { throw busy("the time of the login is over") }
        let asking = state.withLock { state in
            if let asking = state.asking[key] { return asking }
            // The request belongs to all that wait for it, so the end of the first login does not end it.
            let asking = Task {
                let answer = await ask(key.server, about: leaf, issuer: issuer, settings, before: deadline)
                if case .verdict(let verdict) = answer { remember(verdict, key, max: cacheSize) }
                self.state.withLock { $0.asking[key] = nil }
                return answer
            }
            state.asking[key] = asking
            return asking
        }
        switch await asking.value {
        case .verdict(let verdict): return verdict
        case .nothing: return nil
        case .busy: throw busy("too many logins ask")
        }
    }

    private func busy(_ reason: String) -> CofferError {
        troubles.warn("an OCSP responder was not asked", reason: reason)
        return Self.busy
    }

    private func ask(
        _ server: String, about leaf: ClientCertificate, issuer: ClientCertificate, _ settings: OCSPSettings,
        before deadline: Timestamp
    ) async -> Answer {
        guard await gate.enter() else { return .busy }
        defer { gate.leave() }
        var answer = Answer.busy
        for _ in 0...settings.retriesMax {
            guard context.time.now() < deadline else { break }
            let request = OCSPRequest(about: leaf, issuer: issuer, nonce: context.randomness.bytes(OCSPRequest.nonceByteCount))
            switch await fetches.status(request.der, from: server, isConfigured: !settings.servers.isEmpty) {
            case .busy: return .busy
            case .failed: answer = .nothing
            case .answered(let body):
                answer = .nothing
                let verdict = OCSPResponse(body)?.verdict(
                    for: request, issuer: issuer, responders: settings.responders.certificates, ageMax: settings.ageMax,
                    at: context.time.now().seconds)
                if let verdict { return .verdict(verdict) }
            }
        }
        return answer
    }

    private func known(_ key: Key) -> OCSPVerdict? {
        let now = context.time.now().seconds
        return state.withLock { state in
            state.verdicts[key].flatMap { verdict in verdict.goodUntil.map { now < $0 } == true ? verdict : nil }
        }
    }

    private func remember(_ verdict: OCSPVerdict, _ key: Key, max countMax: Int) {
        guard verdict.goodUntil != nil, verdict.status != .unknown else { return }
        state.withLock { state in
            if state.verdicts.updateValue(verdict, forKey: key) == nil { state.order.append(key) }
            while state.order.count > countMax { state.verdicts[state.order.removeFirst()] = nil }
        }
    }
}
