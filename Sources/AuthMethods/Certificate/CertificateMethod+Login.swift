import Certificates
import Crypto
package import EngineKit
import Records
import Syntax

extension CertificateMethod {
    var login: EnginePath {
        EnginePath(
            "login", "Log in with a client certificate.",
            details: "The certificate is that of the TLS connection. The listener must ask for one.",
            fields: [Field("name", .string, "The entry to log in with; by default the first one that accepts the certificate.")],
            access: .unauthenticated, isLogin: true
        )
        .updating("Log in.") { try await logIn($0) }
    }

    private static let noChain = CofferError.invalid("invalid certificate or no client certificate supplied")
    private static let noMatch = CofferError.invalid(
        "no chain matching all constraints could be found for this login certificate")

    /// Entries that are listed at once.
    private static let entriesOfPage = 256

    /// An entry that accepts a certificate.
    private struct Match {
        var entry: CertificateEntry
        var chain: ClientChain
    }

    private func logIn(_ request: Request) async throws -> Response {
        guard let presented = ClientChain.read(request.connection.certificateChain) else { throw Self.noChain }
        let address = request.connection.remoteAddress
        let configuration = try await configured()
        let wanted = request.fields.string("name").flatMap { $0.isEmpty ? nil : $0 }
        let deadline = ocsp.deadline
        var refusal = Self.noChain
        // Entries often share an authority, whose signatures are verified once.
        var chains: [CertificateBundle: ClientChain?] = [:]
        var paging = Paging(limit: Self.entriesOfPage)
        while true {
            let names = try await candidates(wanted, paging)
            for name in names {
                guard let found = try await entries.find(name) else { continue }
                let entry = found.value
                let chain: ClientChain?
                if let known = chains[entry.trusted] {
                    chain = known
                } else {
                    chain = await entry.chain(of: presented, at: context.time.now().seconds)
                    chains[entry.trusted] = chain
                }
                guard let chain else { continue }
                refusal = Self.noMatch
                guard entry.tokens.bounds.allows(address),
                    try await isAllowed(chain, presented, by: found, configuration: configuration, before: deadline)
                else { continue }
                return Response(
                    .none, auth: .grant(grant(request, Match(entry: entry, chain: chain), configuration: configuration)))
            }
            guard wanted == nil, names.count == paging.limit, let last = names.last else { throw refusal }
            paging.after = last
        }
    }

    /// Returns the name that a login gives, or a page of all names.
    private func candidates(_ name: String?, _ paging: Paging) async throws -> [String] {
        guard let name else { return try await entries.names(paging) }
        return AccountName(name).map { [$0.text] } ?? []
    }

    /// Whether the constraints of an entry, the revocation lists and the responders leave a chain as it is.
    private func isAllowed(
        _ chain: ClientChain, _ presented: [ClientCertificate], by found: RecordTable<CertificateEntry>.Found,
        configuration: CertificateConfiguration, before deadline: Timestamp
    ) async throws -> Bool {
        guard found.value.constraints.allow(chain.leaf), try await lists.allow(chain) else { return false }
        return try await ocsp.allow(
            chain, presented: presented, by: found, cacheSize: configuration.ocspCacheSize, before: deadline)
    }

    // MARK: Granting

    /// The names of the facts that a grant keeps for its renewal.
    private enum Fact {
        static let entry = "entry"
        static let uid = "uid"
        /// The SHA-256 hash of the certificate, in hex.
        static let certificate = "certificate"
        static let alias = "alias"
    }

    private static func fingerprint(_ certificate: ClientCertificate) -> String {
        Hex.encode(SHA256.hash(data: certificate.der))
    }

    private func grant(_ request: Request, _ match: Match, configuration: CertificateConfiguration) -> AuthGrant {
        let (entry, leaf) = (match.entry, match.chain.leaf)
        var metadata = entry.constraints.metadata(of: leaf)
        metadata["cert_name"] = entry.name
        metadata["common_name"] = leaf.commonName
        metadata["serial_number"] = leaf.serialText
        metadata["subject_key_id"] = leaf.subjectKeyID
        metadata["authority_key_id"] = leaf.authorityKeyID
        let name = entry.displayName.isEmpty ? entry.name : entry.displayName
        let alias = Self.alias(of: leaf)
        var grant = grant(entry, displayName: request.displayName(name), metadata: metadata, alias: alias)
        if configuration.keepsAliasMetadata { grant.aliasMetadata = metadata }
        grant.facts = [
            Fact.entry: entry.name, Fact.uid: entry.uid, Fact.certificate: Self.fingerprint(leaf), Fact.alias: alias,
        ]
        return grant
    }

    /// Returns what the alias of a client's entity is called: the common name, or the first name of another kind, or, for a
    /// certificate without names, its hash.
    private static func alias(of leaf: ClientCertificate) -> String {
        let names = [leaf.commonName] + [leaf.uris, leaf.dnsNames, leaf.emailAddresses].compactMap(\.first)
        return names.first { !$0.isEmpty } ?? fingerprint(leaf)
    }

    private func grant(
        _ entry: CertificateEntry, displayName: String, metadata: [String: String], alias: String
    ) -> AuthGrant {
        entry.tokens.grant(displayName: displayName, metadata: metadata, aliasName: alias)
    }

    // MARK: Renewing

    /// Returns what the entry of an earlier login grants today.
    ///
    /// - Throws: A refusal if the entry is gone, if a later entry of the same name has taken its place, or, unless binding is
    ///   disabled, if the renewal does not present the certificate of the login or the entry does not accept it any more.
    package func renewal(of login: HeldLogin) async throws -> AuthGrant {
        guard let name = login.facts[Fact.entry], let found = try await entries.find(name), found.value.uid == login.facts[Fact.uid]
        else { throw CofferError.invalid("no certificate was matched by this request") }
        let configuration = try await configured()
        if !configuration.disablesBinding {
            guard !login.certificateChain.isEmpty else { throw CofferError.invalid("no client certificate found") }
            guard let presented = ClientChain.read(login.certificateChain), let leaf = presented.first,
                Self.fingerprint(leaf) == login.facts[Fact.certificate],
                let chain = await found.value.chain(of: presented, at: context.time.now().seconds),
                try await isAllowed(chain, presented, by: found, configuration: configuration, before: ocsp.deadline)
            else { throw CofferError.invalid("no certificate was matched by this request") }
        }
        let alias = login.facts[Fact.alias] ?? login.metadata["common_name"] ?? ""
        return grant(found.value, displayName: "", metadata: login.metadata, alias: alias)
    }
}
