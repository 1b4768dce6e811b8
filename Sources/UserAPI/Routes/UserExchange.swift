import Core
import EngineKit
import HTTPShell
import Syntax

/// One HTTP request of a user. A route sends one or more internal requests to the pipeline as the caller, one after another.
///
/// This is a class because each `await` of a struct of this size would keep a copy of it on the heap.
final class UserExchange {
    let dialect: UserDialect
    let request: ShellRequest
    let user: UserName
    private let credentials: CoreRequest.Credentials
    /// Whether an internal request has been sent, so that the audit log has the request.
    private(set) var isRecorded = false
    /// What was counted for the request, until the caller is known to be the user.
    private var taken: [String] = []
    /// What the headers of the answer say about the limit of the request.
    private(set) var count: RateLimiter.Count?

    init(dialect: UserDialect, request: ShellRequest, user: UserName, credentials: CoreRequest.Credentials) {
        self.dialect = dialect
        self.request = request
        self.user = user
        self.credentials = credentials
    }

    /// The folder of the user, with a final slash.
    var own: String { dialect.settings.mount + user.segment + "/" }

    /// Sends an internal request as the caller and returns its answer.
    ///
    /// - Throws: ``UserError/unauthenticated`` if the caller is not who it says it is, or the error of the answer.
    func ask(
        _ operation: Operation, _ path: String, query: [(name: String, value: String)] = [], body: JSONObject? = nil
    ) async throws(UserError) -> JSONObject {
        let call = CoreRequest(
            id: request.id, operation: operation, path: path, query: query, body: body?.encoded() ?? [], credentials: credentials,
            connection: request.connection, headers: request.agent)
        isRecorded = true
        let answer = await dialect.pipeline.handle(call)
        if answer.inlineRefusal != nil { throw refuse(.unauthenticated) }
        switch answer.outcome {
        case .success(let response):
            taken = []
            return response.object
        case .failure(let error):
            if answer.isRefusalOfLogin { throw refuse(Self.refusal(ofLogin: error)) }
            taken = []
            throw UserError(error)
        }
    }

    /// A login that was refused for what it sent makes the caller unknown. One that could not be decided says so, because a page
    /// that is told 401 leaves for its login.
    private static func refusal(ofLogin error: CofferError) -> UserError {
        switch error.code {
        case .invalidRequest, .permissionDenied, .notFound: .unauthenticated
        default: UserError(error)
        }
    }

    private func refuse(_ error: UserError) -> UserError {
        for key in taken { dialect.limiter.giveBack(key) }
        (taken, count) = ([], nil)
        return error
    }

    /// Checks the caller before a malformed request is explained: only users are told what is wrong.
    func reading<T>(_ read: () throws(UserError) -> T) async throws(UserError) -> T {
        do {
            return try read()
        } catch {
            try await checkCaller()
            throw error
        }
    }

    private func checkCaller() async throws(UserError) { _ = try await ask(.read, own + "secrets", query: [("limit", "1")]) }

    /// Answers for an id that cannot be that of a secret as for one that does not exist.
    func id(_ wire: String) async throws(UserError) -> String {
        let id = wire.lowercased()
        guard Self.isUUID(id) else {
            try await checkCaller()
            throw .noSecret
        }
        return id
    }

    static func isUUID(_ text: String) -> Bool {
        text.utf8.count == 36
            && text.utf8.enumerated().allSatisfy { index, byte in
                [8, 13, 18, 23].contains(index) ? byte == UInt8(ascii: "-") : byte.isLowercaseHexDigit
            }
    }

    // MARK: Limits

    /// Counts the request for the user and its address.
    func takeFromLimit(_ route: UserRoute) async throws(UserError) {
        let limits = dialect.settings.limits
        let source = AddressRange.network(of: request.connection.remoteAddress, prefixBits: 64) ?? ""
        let key = (route.isWrite ? "write " : "read ") + user.text + " " + source
        try await take(key, limit: route.isWrite ? limits.writes : limits.reads)
    }

    /// Counts a value that is about to be revealed, for the user from everywhere.
    func takeFromReveals() async throws(UserError) {
        try await take("reveal " + user.text, limit: dialect.settings.limits.reveals)
    }

    private func take(_ key: String, limit: Int) async throws(UserError) {
        let count = dialect.limiter.take(key, limit: limit)
        taken.append(key)
        self.count = count
        guard count.isExceeded else { return }
        self.count?.remaining = 0
        throw .exceeded(count)
    }
}

extension Response {
    /// The object in the answer.
    var object: JSONObject {
        switch body {
        case .data(let data), .bare(let data): (try? data.parsed())?.objectValue ?? [:]
        case .none, .raw, .stream: [:]
        }
    }
}
