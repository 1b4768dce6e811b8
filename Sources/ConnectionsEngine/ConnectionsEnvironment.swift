package import Outbound

/// What the engine needs from the rest of the server. Tests replace every part of it.
package struct ConnectionsEnvironment: Sendable {
    /// The platforms that connections can be made to.
    package var catalog: PlatformCatalog
    /// The client for calls to providers.
    package var outbound: any Outbound
    /// The receiver of events about connections.
    package var events: any EventSink
    /// Suspends the task for a number of milliseconds.
    package var pause: @Sendable (Int) async -> Void
    /// The URL that providers redirect browsers to: the server's address followed by `/oauth/callback`. If it is empty, the
    /// connect flow is off.
    package var callbackURL: String

    /// The URL, next to ``callbackURL``, that a browser opens to begin the connect flow.
    var startURL: String {
        let path = "callback".utf8
        let base =
            callbackURL.utf8.suffix(path.count).elementsEqual(path) ? callbackURL.utf8.dropLast(path.count) : callbackURL.utf8[...]
        return String(decoding: base, as: UTF8.self) + "start"
    }

    /// Whether browsers reach the server over https, so that its cookies can be restricted to this host and to https.
    var isSecure: Bool { callbackURL.utf8.starts(with: "https://".utf8) }

    /// Pauses for the full time even if the calling task is cancelled, so that a platform is not asked again too soon.
    package static func pauseInFull(_ milliseconds: Int) async {
        await Task.detached { try? await Task.sleep(for: .milliseconds(milliseconds)) }.value
    }

    /// Creates an environment. Without an `events` sink, events are discarded.
    package init(
        catalog: PlatformCatalog = .builtIn, outbound: any Outbound, events: any EventSink = NoEvents(), callbackURL: String = "",
        pause: @escaping @Sendable (Int) async -> Void = Self.pauseInFull
    ) {
        self.catalog = catalog
        self.outbound = outbound
        self.events = events
        self.callbackURL = callbackURL
        self.pause = pause
    }
}
