import Certificates
import EngineKit
import Logging
import Outbound
import Records
import Synchronization
import Syntax

/// The revocation lists of a mount. They are read from the store at every login, so that none is overlooked after a start.
final class RevocationLists: Sendable {
    let table: RecordTable<StoredRevocationList>
    private let entries: RecordTable<CertificateEntry>
    private let fetches: RevocationFetches
    private let context: MountContext
    private let troubles: TroubleLog
    private let state = Mutex(State())

    private struct State {
        /// Signatures that were verified, since lists may be long.
        var verified: [Verified: Bool] = [:]
        /// When each list was last asked for.
        var attempts: [String: Timestamp] = [:]
        var lookedAt: Timestamp?
    }

    private struct Verified: Hashable {
        var name: String
        var version: UInt64
        var issuer: ClientCertificate
    }

    /// The most lists of a mount, each of which is kept in memory.
    static let countMax = 64
    private static let verifiedMax = 512
    private static let retrySeconds = 10
    /// How far the clocks of authorities may be ahead, in seconds.
    private static let clockSecondsMax = 300
    /// How often the lists are looked through for those that are due, in seconds.
    private static let roundSeconds = 15

    init(_ context: MountContext, entries: RecordTable<CertificateEntry>, fetches: RevocationFetches) {
        table = RecordTable(storage: context.storage, prefix: "crl/", parsedMax: Self.countMax)
        self.entries = entries
        self.fetches = fetches
        self.context = context
        troubles = TroubleLog(context.logger, time: context.time)
    }

    // MARK: Judging

    /// Whether no certificate of a chain is revoked, and the lists about them can be relied on.
    ///
    /// A list that has the name of an issuer and not its signature is taken for a forged one: unless the issuer's own list is there
    /// as well, the chain is refused. So it is when the next list is due and cannot be fetched.
    func allow(_ chain: ClientChain) async throws -> Bool {
        let names = try await table.names(Paging(limit: Self.countMax + 1))
        // Several writers at the same time can exceed the limit. A list that nobody reads would revoke nothing.
        guard names.count <= Self.countMax else { return refuse("the mount has more than \(Self.countMax) revocation lists") }
        for name in names {
            guard let found = try await table.find(name) else { continue }
            for (certificate, issuer) in chain.issued where found.value.list.isAbout(certificate) {
                guard try await allow(certificate, of: issuer, name, list: found, among: names) else { return false }
            }
        }
        return true
    }

    private func allow(
        _ certificate: ClientCertificate, of issuer: ClientCertificate?, _ name: String,
        list found: RecordTable<StoredRevocationList>.Found, among names: [String]
    ) async throws -> Bool {
        guard let issuer else {
            // Who issued a certificate that is trusted itself is not known, so every list of that name counts.
            return try await fresh(name, found).map { !$0.list.names(certificate) } ?? false
        }
        guard isSigned(found, name, by: issuer) else {
            for other in names where other != name {
                if let other = try await table.find(other).map({ ($0, other) }), other.0.value.list.isAbout(certificate),
                    isSigned(other.0, other.1, by: issuer)
                {
                    return true
                }
            }
            return refuse("a revocation list of its issuer's name is not signed by the issuer")
        }
        guard let list = try await fresh(name, found)?.list else { return refuse("a revocation list is out of date") }
        return !list.names(certificate)
    }

    private func refuse(_ reason: String) -> Bool {
        troubles.warn("a certificate login was refused", reason: reason)
        return false
    }

    /// Whether a mount may have one more list.
    func hasRoom() async throws -> Bool { try await table.names(Paging(limit: Self.countMax)).count < Self.countMax }

    private func isSigned(_ found: RecordTable<StoredRevocationList>.Found, _ name: String, by issuer: ClientCertificate) -> Bool {
        let key = Verified(name: name, version: found.version, issuer: issuer)
        if let known = state.withLock({ $0.verified[key] }) { return known }
        let isSigned = found.value.list.isSigned(by: issuer)
        state.withLock { state in
            if state.verified.count >= Self.verifiedMax { state.verified.removeAll() }
            state.verified[key] = isSigned
        }
        return isSigned
    }

    /// Returns the list, or a newer one if the next is due, or nil if that cannot be had.
    private func fresh(
        _ name: String, _ found: RecordTable<StoredRevocationList>.Found
    ) async throws -> StoredRevocationList? {
        guard found.value.list.isStale(at: context.time.now().seconds) else { return found.value }
        guard !found.value.url.isEmpty, mayTry(name) else { return nil }
        do {
            try await refresh(name, found.value)
        } catch let error as CofferError {
            troubles.warn("a revocation list could not be fetched", reason: error.messages.joined(separator: "; "))
            return nil
        }
        let newer = try await table.find(name)?.value
        return newer?.list.isStale(at: context.time.now().seconds) == false ? newer : nil
    }

    /// Whether enough time has passed since the last attempt, and notes a new one.
    private func mayTry(_ name: String) -> Bool {
        let now = context.time.now()
        return state.withLock { state in
            if let last = state.attempts[name], now < last.adding(seconds: Self.retrySeconds) { return false }
            if state.attempts.count >= 2 * Self.countMax { state.attempts.removeAll() }
            state.attempts[name] = now
            return true
        }
    }

    // MARK: Loading

    /// Returns an uploaded list.
    ///
    /// - Throws: A refusal if it is malformed, or is not signed by any of the mount's authorities that have the issuer's name.
    func uploaded(_ text: String) async throws -> StoredRevocationList {
        let bytes = PEM.documents(in: text, label: .revocationList) == nil ? Base64.decode(text) ?? [] : Array(text.utf8)
        return try await checked(bytes, url: "")
    }

    /// Fetches a list that a caller names.
    ///
    /// - Throws: One refusal for all that can be wrong, because the caller may not be one who may look into the network of the server.
    ///   The log has the reason.
    func added(from url: String) async throws -> StoredRevocationList {
        guard OutboundURL(url) != nil else {
            throw CofferError.invalid("field 'url': \(OutboundTargetError.malformedURL.text)")
        }
        do {
            return try await fetched(url)
        } catch let error as CofferError where error.code == .invalidRequest {
            context.logger.warning(
                "a revocation list was not added", metadata: ["reason": "\(error.messages.joined(separator: "; "))"])
            throw CofferError.invalid(
                "no CRL that can be relied on could be fetched from 'url'; the server's log has the reason")
        }
    }

    /// Fetches a list.
    ///
    /// - Throws: A refusal if it cannot be had, and as ``uploaded(_:)``.
    private func fetched(_ url: String) async throws -> StoredRevocationList {
        try await checked(try await fetches.list(url), url: url)
    }

    private func checked(_ bytes: [UInt8], url: String) async throws -> StoredRevocationList {
        guard let made = StoredRevocationList(bytes, url: url, loadedAt: context.time.now()) else {
            throw CofferError.invalid(
                "failed to parse CRL: it must be a full list with a next update, as PEM or base64 of DER, of "
                    + "\(RevocationList.bytesMax) bytes at most, and without critical extensions")
        }
        // A list of the future would keep out every genuine one.
        guard made.list.thisUpdate <= context.time.now().seconds + Self.clockSecondsMax else {
            throw CofferError.invalid("the CRL is of the future: check the clocks of this server and of the authority")
        }
        let authorities = try await authorities(named: made.list)
        guard !authorities.isEmpty || OutboundURL(url)?.scheme != .http else {
            throw CofferError.invalid(
                "nothing here tells whether the CRL is genuine, because no entry has the authority of its issuer's name: fetch it over "
                    + "https, upload it, or write an entry with the authority first")
        }
        guard authorities.isEmpty || authorities.contains(where: made.list.isSigned) else {
            throw CofferError.invalid("the CRL is not signed by the authority of its issuer's name")
        }
        return made
    }

    /// Returns the authorities of the mount's entries that have the name of the list's issuer.
    private func authorities(named list: RevocationList) async throws -> [ClientCertificate] {
        var found: [ClientCertificate] = []
        var paging = Paging()
        while true {
            let names = try await entries.names(paging)
            for name in names {
                let authorities = try await entries.find(name)?.value.trusted.authorities ?? []
                found += authorities.filter { list.isNamed(like: $0) && !found.contains($0) }
            }
            guard names.count == paging.limit, let last = names.last else { return found }
            paging.after = last
        }
    }

    /// Replaces a fetched list by a newer one.
    private func refresh(_ name: String, _ old: StoredRevocationList) async throws {
        let made = try await fetched(old.url)
        try await table.edit(name) { stored, _ in
            guard let current = stored, current.url == made.url else { return }
            // An old list that somebody sends again would bring back what was revoked since.
            guard made.list.thisUpdate >= current.list.thisUpdate else {
                throw CofferError.invalid("the fetched CRL is older than the one before")
            }
            stored = made
        }
    }

    /// Fetches the lists that are due. Each failure is tried again after a while.
    func runRound() async {
        let now = context.time.now()
        let looks = state.withLock { state in
            if let last = state.lookedAt, now < last.adding(seconds: Self.roundSeconds) { return false }
            state.lookedAt = now
            return true
        }
        guard looks, let names = try? await table.names(Paging(limit: Self.countMax)) else { return }
        for name in names {
            guard let old = try? await table.find(name)?.value, old.isDue(at: now), mayTry(name) else { continue }
            var act = ServerAct(
                id: context.randomness.uuid(), actor: "crl-refresh", operation: .update, path: "crls/" + name)
            guard (try? await context.record(act)) != nil else { return }
            var failure: String?
            do {
                try await refresh(name, old)
            } catch {
                failure = CofferError(wrapping: error).messages.joined(separator: "; ")
                context.logger.warning("a revocation list could not be fetched: \(failure ?? "")", metadata: ["crl": "\(name)"])
            }
            act.step = .ended(error: failure)
            try? await context.record(act)
        }
    }
}
