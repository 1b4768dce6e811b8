package import Outbound

/// What the engine is given from outside, so that tests decide about all of it.
package struct ConnectionsEnvironment: Sendable {
    package var catalog: PlatformCatalog
    package var outbound: any Outbound
    package var events: any EventSink
    /// Waits so many milliseconds.
    package var pause: @Sendable (Int) async -> Void
    /// Where providers send people back to: the server's address and `/oauth/callback`; empty turns the connect flow off.
    package var callbackURL: String

    /// Where people set out from, beside it.
    var startURL: String {
        let path = "callback".utf8
        let base =
            callbackURL.utf8.suffix(path.count).elementsEqual(path) ? callbackURL.utf8.dropLast(path.count) : callbackURL.utf8[...]
        return String(decoding: base, as: UTF8.self) + "start"
    }

    /// Browsers come by https, so that their cookies are kept from everything else.
    var isSecure: Bool { callbackURL.utf8.starts(with: "https://".utf8) }

    /// Waits this long even when the client has left, so that a platform is not asked again too soon.
    package static func pauseInFull(_ milliseconds: Int) async {
        await Task.detached { try? await Task.sleep(for: .milliseconds(milliseconds)) }.value
    }

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
