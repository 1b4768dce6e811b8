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
/// What is remembered belongs to one entry in one version, because entries differ in whom they believe.
final class OCSPChecks: Sendable {
    private let fetches: RevocationFetches
    private let time: any TimeSource
    private let randomness: any Randomness
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var verdicts: [Key: OCSPVerdict] = [:]
        /// The keys in the order in which they were remembered.
        var order: [Key] = []
        var running = 0
    }

    private struct Key: Hashable {
        var entry: String
        var version: UInt64
        var server: String
        var certificate: [UInt8]
        var issuer: [UInt8]
    }

    /// Logins that ask at once. Further ones go by `ocsp_fail_open`.
    private static let runningMax = 64
    /// The time for all attempts of a login, in seconds; one attempt has the time that `Outbound` gives it.
    private static let secondsMax = 15

    init(fetches: RevocationFetches, time: any TimeSource, randomness: any Randomness, logger: Logger) {
        self.fetches = fetches
        self.time = time
        self.randomness = randomness
        self.logger = logger
    }

    /// Whether the responders leave a chain's certificate unrevoked, or say nothing of use and the entry fails open.
    ///
    /// - Parameters:
    ///   - presented: What the client sent, among which the issuer of a certificate may be that is trusted itself.
    ///   - cacheSize: How many answers are remembered.
    func allow(
        _ chain: ClientChain, presented: [ClientCertificate], entry: CertificateEntry, version: UInt64, cacheSize: Int
    ) async -> Bool {
        let settings = entry.ocsp
        guard settings.isEnabled else { return true }
        let leaf = chain.leaf
        let isFree = state.withLock { state in
            guard state.running < Self.runningMax else { return false }
            state.running += 1
            return true
        }
        guard isFree else { return settings.failsOpen }
        defer { state.withLock { $0.running -= 1 } }
        let issuer = chain.issued.first?.issuer ?? leaf.issuer(among: presented + settings.responders.certificates)
        let servers = settings.servers.isEmpty ? leaf.ocspServers : settings.servers
        guard let issuer, !servers.isEmpty else { return refuse(settings, "there is no responder to ask") }
        let end = time.now().adding(seconds: Self.secondsMax)
        var hasGood = false
        for server in servers {
            let key = Key(
                entry: entry.name, version: version, server: server, certificate: Array(SHA256.hash(data: leaf.der)),
                issuer: Array(SHA256.hash(data: issuer.der)))
            let verdict = await verdict(on: leaf, by: issuer, key, settings, cacheSize: cacheSize, before: end)
            switch verdict?.status {
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
        logger.warning("OCSP of a certificate login: \(reason)", metadata: ["refused": "\(!settings.failsOpen)"])
        return settings.failsOpen
    }

    private func verdict(
        on leaf: ClientCertificate, by issuer: ClientCertificate, _ key: Key, _ settings: OCSPSettings, cacheSize: Int,
        before end: Timestamp
    ) async -> OCSPVerdict? {
        if let known = known(key) { return known }
        for _ in 0...settings.retriesMax {
            guard time.now() < end else { return nil }
            let request = OCSPRequest(about: leaf, issuer: issuer, nonce: randomness.bytes(OCSPRequest.nonceByteCount))
            guard let body = await fetches.status(request.der, from: key.server, isConfigured: !settings.servers.isEmpty),
                let response = OCSPResponse(body),
                let verdict = response.verdict(
                    for: request, issuer: issuer, responders: settings.responders.certificates, ageMax: settings.ageMax,
                    at: time.now().seconds)
            else { continue }
            remember(verdict, key, max: cacheSize)
            return verdict
        }
        return nil
    }

    private func known(_ key: Key) -> OCSPVerdict? {
        let now = time.now().seconds
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
