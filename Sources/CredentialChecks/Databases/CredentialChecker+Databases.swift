import DatabaseClients
import Databases
import EngineKit
import Outbound
import Syntax

extension CredentialChecker {
    /// The threads of tests. They are apart from those of the engines, so that servers that callers choose cannot hold those up.
    private static let threads = BlockingThreads(threadsMax: 8, queueMax: underWayMax)

    private static let addressesMax = 3

    /// Tests a connection string of PostgreSQL by logging in.
    func checkPostgreSQL(_ value: String) async -> CheckOutcome {
        let login: PostgresLogin
        do throws(PostgresLogin.Problem) {
            login = try PostgresLogin(value)
        } catch {
            return CheckOutcome(.unknown, error == .notAllowed ? .notSupported : .wrongForm)
        }
        let host = login.host.lowercased()
        let authorities = reach.authorities
        return await atAddress(of: host) { address in
            var outcome = Self.outcome(login.run(at: address, authorities: authorities))
            outcome.isUnprotected = !login.isVerified
            return outcome
        }
    }

    /// Tests a connection string of Redis by logging in and sending a PING.
    func checkRedis(_ value: String) async -> CheckOutcome {
        guard let url = RedisURL(value) else { return CheckOutcome(.unknown, .wrongForm) }
        let authority = reach.authoritiesPEM
        return await atAddress(of: url.host) { address in
            let login = RedisLogin(
                host: url.host, address: address, port: url.port, usesTLS: url.usesTLS, username: url.username,
                password: url.password)
            var outcome = Self.outcome(login.run(authority: authority))
            outcome.isUnprotected = !url.usesTLS
            return outcome
        }
    }

    /// Calls `body` with a checked address of a host, on a thread for blocking calls.
    private func atAddress(
        of host: String, _ body: @escaping @Sendable (String) -> CheckOutcome
    ) async -> CheckOutcome {
        guard reach.state == .on else { return CheckOutcome(.unknown, .turnedOff) }
        guard begin() else { return CheckOutcome(.unknown, .busy) }
        defer { end() }
        let found: [String]
        if let address = AddressRange.normalized(host) {
            found = [address]
        } else {
            guard OutboundURL.isName(host) else { return CheckOutcome(.unknown, .wrongForm) }
            found = await resolver.addresses(of: host)
        }
        guard !found.isEmpty else { return stamped(CheckOutcome(.unknown, .unresolved)) }
        // A name that has both kinds of address is not to be trusted.
        guard found.allSatisfy({ reach.allows($0, of: host) }) else { return stamped(CheckOutcome(.unknown, .addressNotAllowed)) }
        do throws(DatabaseError) {
            return stamped(
                try await Self.threads.run { () throws(DatabaseError) in
                    var outcome = CheckOutcome(.unknown, .unreachable)
                    for address in found.prefix(Self.addressesMax) {
                        outcome = body(address)
                        if outcome.reason != .unreachable { break }
                    }
                    return outcome
                })
        } catch {
            return stamped(CheckOutcome(.unknown, .busy))
        }
    }

    /// What the end of a login to PostgreSQL means (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
    static func outcome(_ result: PostgresLogin.Result) -> CheckOutcome {
        switch result {
        case .accepted: CheckOutcome(.valid, .accepted)
        case .tlsFailed: CheckOutcome(.unknown, .tlsFailed)
        case .timedOut: CheckOutcome(.unknown, .timedOut)
        case .unreachable: CheckOutcome(.unknown, .unreachable)
        case .refused(let code):
            switch code {
            case "28P01", "28000": CheckOutcome(.invalid, .rejected)
            case "3D000": CheckOutcome(.restricted, .databaseMissing)
            case "42501": CheckOutcome(.restricted, .missingRight)
            case "53300", "57P03", "57P01", "57P02": CheckOutcome(.unknown, .providerError)
            default: CheckOutcome(.unknown, .unexpectedAnswer)
            }
        }
    }

    /// What the end of a login to Redis means.
    static func outcome(_ result: RedisLogin.Result) -> CheckOutcome {
        switch result {
        case .pong: CheckOutcome(.valid, .accepted)
        case .tlsFailed: CheckOutcome(.unknown, .tlsFailed)
        case .timedOut: CheckOutcome(.unknown, .timedOut)
        case .unreachable: CheckOutcome(.unknown, .unreachable)
        case .other: CheckOutcome(.unknown, .unexpectedAnswer)
        case .refused(let kind):
            switch kind {
            case "WRONGPASS", "NOAUTH": CheckOutcome(.invalid, .rejected)
            case "NOPERM": CheckOutcome(.restricted, .missingRight)
            case "LOADING", "MASTERDOWN", "BUSY": CheckOutcome(.unknown, .providerError)
            default: CheckOutcome(.unknown, .unexpectedAnswer)
            }
        }
    }
}
