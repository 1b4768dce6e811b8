import EngineKit
import Logging
import Records
import Synchronization
import Syntax

/// The logins in a browser that have begun, each under the HMAC of its state.
///
/// A state is a random text that the program, the browser and the provider hand on. It says when it expires and which address it was
/// made for, so that expired records are found without reading them, and one address cannot fill the store. It also says whether the
/// browser brings it to this server, so that a person reads a page when nothing else is known of the login any more.
struct BrowserLogins: Sendable {
    /// How long a login may take, in seconds.
    static let secondsMax = 600
    /// The most logins that may begin at one address in a minute. Whoever has an IPv6 address has all of its /64, which counts as one.
    static let perAddressMax = 300
    /// The most addresses at which logins may begin in a minute.
    static let addressesMax = 2_000

    private let table: RecordTable<BrowserLogin>
    private let folders: ShortLived
    private let key: MountKey
    private let time: any TimeSource
    private let randomness: any Randomness
    private let logger: Logger
    private let sweeping = Sweeping()

    private static let prefix = "login/"

    /// When expired records were looked for last.
    private final class Sweeping: Sendable {
        let next = Mutex(0)
    }

    init(_ context: MountContext) {
        table = RecordTable(storage: context.storage, prefix: Self.prefix)
        folders = ShortLived(storage: context.storage, prefix: Self.prefix)
        key = MountKey(storage: context.storage, randomness: context.randomness)
        time = context.time
        randomness = context.randomness
        logger = context.logger
    }

    /// Stores a login that begins now, and returns its state.
    ///
    /// - Parameter isDirect: Whether the provider sends the browser to this server.
    func begin(_ login: BrowserLogin, isDirect: Bool = false) async throws -> String {
        var login = login
        login.expiresAt = time.now().seconds + Self.secondsMax
        let address = AddressRange.network(of: login.address, prefixBits: 64) ?? login.address
        let state = ShortLivedText(
            endingAt: login.expiresAt, ownerHash: try await key.hash("oidc-address/v1", address), randomness: randomness)
        guard
            try await folders.hasRoom(in: state.folder, perOwnerMax: Self.perAddressMax, ownersMax: Self.addressesMax)
        else { throw CofferError.tooMany("too many logins have begun", inTheMinuteOf: login.expiresAt) }
        let begun = login
        try await table.edit(try await name(of: state)) { stored, _ in stored = begun }
        return state.text + (isDirect ? Self.directMark : "")
    }

    /// Returns a login that has begun, or nil if there is none of this state, or if it took too long.
    func find(_ state: String) async throws -> BrowserLogin? {
        guard let name = try await name(of: state), let login = try await table.find(name)?.value, isAlive(login) else {
            return nil
        }
        return login
    }

    /// Returns a login and removes it, so that nobody gets it again, on whichever node.
    func take(_ state: String) async throws -> BrowserLogin? {
        guard let name = try await name(of: state) else { return nil }
        let taken = try await table.edit(name) { stored, _ in
            defer { stored = nil }
            return stored
        }
        return taken.flatMap { isAlive($0) ? $0 : nil }
    }

    /// Changes a login unless it took too long. Returns what `decide` returned, or nil if there is no such login.
    func change<Result: Sendable>(
        _ state: String, _ decide: (inout BrowserLogin) throws -> Result
    ) async throws -> Result? {
        guard let name = try await name(of: state) else { return nil }
        return try await table.edit(name) { stored, _ -> Result? in
            guard var login = stored, isAlive(login) else { return nil }
            let result = try decide(&login)
            stored = login
            return result
        }
    }

    /// Returns what the page that asks the person contains, and what the person's answer must contain. It is made of what the provider
    /// answered, which only the person's browser brought here, so that whoever began the login cannot confirm it.
    func confirmation(_ state: String, code: String, idToken: String) async throws(StorageError) -> String {
        try await key.hash("oidc-confirmation/v1", state, code, idToken)
    }

    private func isAlive(_ login: BrowserLogin) -> Bool { time.now().seconds < login.expiresAt }

    /// Returns the name of the record, or nil for a text that is no state.
    private func name(of state: String) async throws -> String? {
        guard let text = ShortLivedText(state.removingUTF8Suffix(Self.directMark) ?? state[...]) else { return nil }
        return try await name(of: text)
    }

    private func name(of state: ShortLivedText) async throws(StorageError) -> String {
        state.folder + (try await key.hash("oidc-state/v1", state.secret))
    }

    /// What a state that the browser brings to this server ends with.
    private static let directMark = ".direct"

    /// Returns whether a text is a state that the browser brings to this server, of a login that may have ended.
    static func isDirect(_ state: String) -> Bool { state.hasUTF8Suffix(directMark) }

    // MARK: Expired records

    private static let sweepSeconds = 30
    /// The most commits in a round: about what can begin in the time between two rounds.
    private static let commitsMax = 300

    /// Removes a bounded number of records that nobody can use any more.
    func sweep() async {
        let now = time.now().seconds
        let isDue = sweeping.next.withLock { next in
            guard now >= next else { return false }
            next = now + Self.sweepSeconds
            return true
        }
        guard isDue else { return }
        do {
            try await folders.sweep(at: now, commitsMax: Self.commitsMax)
        } catch {
            logger.warning("expired browser logins were not removed; the next round tries again", metadata: ["error": "\(error)"])
        }
    }
}
