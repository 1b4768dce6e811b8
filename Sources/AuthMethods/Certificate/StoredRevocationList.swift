import Certificates
import EngineKit
import Records
import Syntax

/// A revocation list as a mount keeps it: as it was uploaded, or as it was last fetched.
struct StoredRevocationList: Record {
    /// Where newer lists are fetched from; empty for one that was uploaded.
    var url: String
    /// When it was uploaded or fetched.
    var loadedAt: Timestamp
    /// The list as DER or PEM, as it came.
    private(set) var bytes: [UInt8]
    private(set) var list: RevocationList

    /// Returns nil if the bytes are not a list that can be relied on.
    init?(_ bytes: [UInt8], url: String, loadedAt: Timestamp) {
        guard let list = RevocationList(bytes) else { return nil }
        (self.bytes, self.list, self.url, self.loadedAt) = (bytes, list, url, loadedAt)
    }

    var stored: JSONObject {
        ["url": .string(url), "loaded": .int(loadedAt.seconds), "crl": .string(Base64.encode(bytes))]
    }

    init?(stored: JSONObject) {
        guard let url = stored["url"]?.stringValue, let loaded = stored["loaded"]?.intValue,
            let bytes = stored["crl"]?.stringValue.flatMap({ Base64.decode($0) })
        else { return nil }
        self.init(bytes, url: url, loadedAt: Timestamp(seconds: loaded))
    }

    /// A newer list is fetched an hour after the last one, or when the next one is due.
    private static let fetchSeconds = 3_600

    /// Whether a newer list is to be fetched.
    func isDue(at now: Timestamp) -> Bool {
        !url.isEmpty && (list.isStale(at: now.seconds) || now >= loadedAt.adding(seconds: Self.fetchSeconds))
    }

    /// The list as answers show it.
    var shown: JSONObject {
        var shown: JSONObject = [
            "serials": .object(JSONObject(list.serialTexts.map { .init(key: $0, value: .object([:])) })),
            "issuer": .string(list.issuerText),
            "this_update": .string(Timestamp(seconds: list.thisUpdate).description),
            "next_update": .string(Timestamp(seconds: list.nextUpdate).description),
        ]
        if !url.isEmpty {
            shown["cdp"] = [
                "url": .string(url), "valid_until": .string(Timestamp(seconds: list.nextUpdate).description),
            ]
        }
        return shown
    }
}
