internal import Dispatch
internal import Glibc
internal import Synchronization
internal import Syntax

/// A port of this machine's loopback address that waits for a browser to come back from an identity provider.
final class CallbackListener: Sendable {
    private let descriptor: Mutex<Int32?>

    private static let requestBytesMax = 64 << 10
    /// How long one browser may take to send its request, in milliseconds.
    private static let requestMilliseconds: Int64 = 5_000

    /// Begins to listen.
    ///
    /// - Throws: A failure if the port is in use.
    init(port: UInt16) throws(CommandFailure) {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listening >= 0 else { throw .local("Cannot listen for the browser") }
        var yes: Int32 = 1
        setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listening, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, listen(listening, 8) == 0 else {
            Glibc.close(listening)
            throw .local("Cannot listen on 127.0.0.1:\(port), which another program may use; choose another with port=PORT")
        }
        descriptor = Mutex(listening)
    }

    deinit { close() }

    /// Ends listening.
    func close() {
        descriptor.withLock { descriptor in
            if let open = descriptor { Glibc.close(open) }
            descriptor = nil
        }
    }

    /// Waits for a request to `/oidc/callback` with a state. Other requests, such as for an icon, or those that a page of somebody
    /// else makes the browser send, are answered with 404.
    ///
    /// - Throws: A failure if none came in time.
    func wait(for state: String, seconds: Int) async throws -> Callback {
        guard let listening = descriptor.withLock({ $0 }) else { throw CommandFailure.local("Cannot listen for the browser") }
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                let end = Self.now() + Int64(seconds) * 1_000
                continuation.resume(with: Result { try Self.accept(on: listening, for: state, until: end) })
            }
        }
    }

    /// A connection whose request has not arrived completely.
    private struct Pending {
        let connection: Int32
        let end: Int64
        var bytes: [UInt8] = []
    }

    /// The most connections at a time. Browsers open some before they need them, and send nothing there.
    private static let connectionsMax = 16

    private static func accept(on listening: Int32, for state: String, until end: Int64) throws -> Callback {
        var pending: [Pending] = []
        defer { for pending in pending { Glibc.close(pending.connection) } }
        while true {
            let left = ([end] + pending.map(\.end)).reduce(Int64.max, min) - now()
            guard end > now() else { throw CommandFailure.local("Nobody signed in within two minutes") }
            // With as many connections as there may be, new ones wait.
            var events = pending.map { pollfd(fd: $0.connection, events: Int16(POLLIN), revents: 0) }
            events.append(
                pollfd(fd: pending.count < connectionsMax ? listening : -1, events: Int16(POLLIN), revents: 0))
            guard poll(&events, nfds_t(events.count), Int32(max(left, 0))) >= 0 else { continue }
            for index in pending.indices.reversed() {
                var current = pending[index]
                var isOver = now() >= current.end
                if events[index].revents != 0 { isOver = !read(&current) || isOver }
                pending[index] = current
                let isWhole = Callback.isWhole(current.bytes)
                guard isWhole || isOver else { continue }
                pending.remove(at: index)
                if isWhole, let callback = Callback(request: current.bytes, connection: current.connection),
                    callback.fields["state"]?.equalsUTF8(state) == true
                {
                    return callback
                }
                Callback.respond(
                    on: current.connection, status: "404 Not Found", title: "Not found", text: "There is nothing here.")
            }
            guard events.last?.revents != 0 else { continue }
            let connection = Glibc.accept(listening, nil, nil)
            if connection >= 0 { pending.append(Pending(connection: connection, end: now() + requestMilliseconds)) }
        }
    }

    /// Reads what has arrived. Returns false if there will be no more, or if the request is too large.
    private static func read(_ pending: inout Pending) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 8 << 10)
        let count = Glibc.read(pending.connection, &buffer, buffer.count)
        guard count > 0 else { return false }
        pending.bytes += buffer[..<count]
        return pending.bytes.count < requestBytesMax
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// What a browser brought from an identity provider. It waits for a page.
struct Callback: Sendable {
    /// The fields of the query, or of a form.
    var fields: [String: String]
    /// Whether the provider answered with a form.
    var isForm: Bool
    private let connection: Int32

    /// Returns nil for a request that is not for the callback.
    init?(request: [UInt8], connection: Int32) {
        guard let text = String(validating: request, as: UTF8.self), let (head, body) = Self.parts(text) else { return nil }
        let words = head.prefixUTF8 { $0 != 0x0D }.splitUTF8(at: " ")
        guard words.count == 3 else { return nil }
        let (path, query) = words[1].cutUTF8(at: "?") ?? (words[1], "")
        guard path == "/oidc/callback" else { return nil }
        switch words[0] {
        case "GET": (fields, isForm) = (Self.fields(of: query), false)
        case "POST": (fields, isForm) = (Self.fields(of: body), true)
        default: return nil
        }
        self.connection = connection
    }

    private static func parts(_ text: String) -> (head: Substring, body: Substring)? {
        guard let mark = text.rangeOfUTF8("\r\n\r\n") else { return nil }
        return (text[..<mark.lowerBound], text[mark.upperBound...])
    }

    /// Returns whether a request is complete.
    static func isWhole(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let (head, body) = parts(text) else { return false }
        for line in head.splitUTF8(where: { $0 == 0x0D || $0 == 0x0A }) {
            guard let (name, value) = line.cutUTF8(at: ":"), name.lowercased() == "content-length" else { continue }
            return Int(value.trimmingASCIISpace()).map { body.utf8.count >= $0 } ?? true
        }
        return true
    }

    /// Returns the fields of a query or a form. Those that are not valid percent-encoded text are left out.
    static func fields(of text: Substring) -> [String: String] {
        var fields: [String: String] = [:]
        for part in text.splitUTF8(at: "&") {
            let (name, value) = part.cutUTF8(at: "=") ?? (part, "")
            guard let name = PercentEncoding.decodedText(name, isForm: true),
                let value = PercentEncoding.decodedText(value, isForm: true)
            else { continue }
            fields[name] = value
        }
        return fields
    }

    /// Shows the person what came of the login.
    func answer(hasSucceeded: Bool) {
        if hasSucceeded {
            Self.respond(
                on: connection, status: "200 OK", title: "Signed in",
                text:
                    "You are signed in at the identity provider. Close this page and return to the terminal, which may ask for a second factor."
            )
        } else {
            Self.respond(
                on: connection, status: "400 Bad Request", title: "Sign-in failed",
                text: "The login failed. The terminal says why.")
        }
    }

    /// Sends a page and closes the connection. The texts must be fixed ones.
    static func respond(on connection: Int32, status: String, title: String, text: String) {
        let page =
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Coffer: \(title)</title></head>"
            + "<body style=\"font: 16px system-ui, sans-serif; margin: 15vh auto; max-width: 34em\"><h1>\(title)</h1><p>\(text)</p></body></html>\n"
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: \(page.utf8.count)\r\n"
            + "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\nConnection: close\r\n\r\n"
        var rest = Array((head + page).utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        close(connection)
    }
}
