import ConnectionsEngine
import EngineKit
import Foundation
import Outbound
import Synchronization
import Syntax

/// A provider in the process: rotates refresh tokens, misbehaves as told, and notes when one is used twice.
final class Provider: Outbound {
    enum Act: Sendable {
        case grant
        case keepRefreshToken
        case withoutExpiry
        /// The token is spent, and the answer is this.
        case spendAndAnswer(OutboundReply)
        /// Nothing is spent, and the answer is this.
        case answer(Int, String)
        case fail(OutboundError)
        /// The token is spent, and no answer comes.
        case spendAndFail(OutboundError)
    }

    private struct State {
        var good: Set<String> = []
        var spent: Set<String> = []
        var violations: [String] = []
        var calls: [OutboundRequest] = []
        var acts: [Act] = []
        var revocations: [Act] = []
        var made = 0
        var underWay = 0
        var underWayMax = 0
        /// Calls of which URLs wait; nil for none.
        var heldHost: String?
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    /// Seconds that a new token lives.
    let lifetime: Int

    init(lifetime: Int = 3_600) { self.lifetime = lifetime }

    var calls: [OutboundRequest] { state.withLock { $0.calls } }
    /// Refresh tokens that were used although they were used up.
    var violations: [String] { state.withLock { $0.violations } }
    var underWayMax: Int { state.withLock { $0.underWayMax } }

    func next(_ acts: Act...) { state.withLock { $0.acts += acts } }

    /// What the next calls to revoke a token get; 200 when nothing is left.
    func nextRevocations(_ acts: [Act]) { state.withLock { $0.revocations = acts } }

    /// A refresh token that is good for one use.
    func issue() -> String { state.withLock { Self.issue(&$0) } }

    private static func issue(_ state: inout State) -> String {
        state.made += 1
        let token = "refresh-canary-\(state.made)"
        state.good.insert(token)
        return token
    }

    /// Calls to a host, or all, wait until they are let go.
    func hold(_ host: String = "") { state.withLock { $0.heldHost = host } }

    func letGo() {
        let held = state.withLock { state in
            state.heldHost = nil
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Returns once so many calls have come.
    func called(times: Int) async {
        while calls.count < times { await Task.yield() }
    }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply {
        state.withLock { state in
            state.calls.append(request)
            state.underWay += 1
            state.underWayMax = max(state.underWayMax, state.underWay)
        }
        defer { state.withLock { $0.underWay -= 1 } }
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                let isHeld = state.heldHost.map { $0.isEmpty || request.url.contains($0) } ?? false
                if isHeld { state.held.append(continuation) }
                return !isHeld
            }
            if isFree { continuation.resume() }
        }
        if request.url.contains("revoke") {
            switch state.withLock({ $0.revocations.isEmpty ? .answer(200, "") : $0.revocations.removeFirst() }) {
            case .answer(let status, let text): return OutboundReply(status: status, body: Array(text.utf8))
            case .fail(let error): throw error
            default: return OutboundReply(status: 500)
            }
        }
        let act = state.withLock { state in state.acts.isEmpty ? Act.grant : state.acts.removeFirst() }
        let form = Self.form(request.body)
        switch act {
        case .answer(let status, let text): return OutboundReply(status: status, body: Array(text.utf8))
        case .fail(let error): throw error
        case .spendAndFail(let error):
            _ = spend(form["refresh_token"] ?? "")
            throw error
        case .spendAndAnswer(let reply):
            _ = spend(form["refresh_token"] ?? "")
            return reply
        case .keepRefreshToken, .withoutExpiry, .grant: break
        }
        if form["grant_type"] == "refresh_token" {
            let token = form["refresh_token"] ?? ""
            if case .keepRefreshToken = act { return granted(refresh: nil, act) }
            guard spend(token) else { return OutboundReply(status: 400, body: Array(#"{"error":"invalid_grant"}"#.utf8)) }
        }
        return granted(refresh: issue(), act)
    }

    private func spend(_ token: String) -> Bool {
        state.withLock { state in
            if state.spent.contains(token) { state.violations.append(token) }
            state.spent.insert(token)
            return state.good.remove(token) != nil
        }
    }

    private func granted(refresh: String?, _ act: Act) -> OutboundReply {
        let count = state.withLock { state in
            state.made += 1
            return state.made
        }
        var object: JSONObject = ["access_token": .string("access-canary-\(count)"), "token_type": "bearer"]
        if case .withoutExpiry = act {} else { object["expires_in"] = .int(lifetime) }
        object["refresh_token"] = refresh.map { .string($0) }
        return OutboundReply(status: 200, body: object.encoded())
    }

    static func form(_ body: [UInt8]) -> [String: String] {
        var form: [String: String] = [:]
        for part in String(decoding: body, as: UTF8.self).split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            form[String(pair[0])] = pair.count > 1 ? String(pair[1]).removingPercentEncoding : ""
        }
        return form
    }
}

/// Keeps events for a test to look at.
final class KeptEvents: EventSink {
    private let events = Mutex<[ConnectionEvent]>([])

    func emit(_ event: ConnectionEvent) { events.withLock { $0.append(event) } }

    var all: [ConnectionEvent] { events.withLock { $0 } }
    func count(_ name: ConnectionEvent.Name) -> Int { all.count { $0.name == name } }
}
