import Core
import EngineKit
import Foundation
import Syntax
import TestSupport
import Testing

@Suite struct TokenTextTests {
    static let tokens = [
        "coffer.s.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgAbCdEf", "coffer.b.AAECAwQFBgcICQoL", "coffer.c.AQIDBAUGBwgJCgsM",
        "hvs.CAESIJ1y", "hvs.123456789", "hvb.AAAAAQJz", "hvr.AAAAAQJz1", "s.0123456789abcdefABCDEFGH",
    ]

    @Test(arguments: tokens) func findsATokenHoweverItIsGluedToOtherText(token: String) {
        guard token.utf8.count >= 13 else { return }
        let before =
            token.hasPrefix("s.") ? ["", "a/", "x-", "x=", "\u{5D0}"] : ["", "a/", "foo-", "foo", "x.", "a.b.", "\u{301}"]
        for text in before {
            for behind in ["", "/b", "-bar", ".", "%", "\u{5D0}", "\u{301}"] {
                #expect(TokenText.occurs(in: text + token + behind), "\(text)…\(behind)")
            }
        }
    }

    @Test(arguments: [
        "", ".", "..", "hvs.", "hvs", "secret/data/app/db", "hvs.short", "x.hvs.12345678", "coffer.io/settings", "my.coffer.name",
        "docs.hashicorp.com/vault", "files.internal.example.company.name/abcdefghijklmnop", "s.short", "a.b.c.d.e.f.g",
        "coffer.example.com", "hvs/.123456789012", "hvs.12345678/9",
    ]) func leavesOtherTextAlone(text: String) { #expect(!TokenText.occurs(in: text)) }

    @Test func aTokenGluedToOtherTextIsNotInTheTrail() async throws {
        let directory = NSTemporaryDirectory() + "glued-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try await CoreHarness.audited(in: directory)
        let token = try await server.token(["default"])
        let paths = [
            "secret/data/foo-\(token)", "secret/data/foo-\(token)-bar/x", "none/x.\(token)", "sys/mounts/a\(token)",
            "secret/data/foo-hvs.CAESIJ1yT0N2tok3nT0k3n",
        ]
        for path in paths {
            await server.ask(.read, path)
            await server.ask(.read, path, token: nil)
        }
        let text = String(decoding: FileManager.default.contents(atPath: directory + "/audit.log") ?? Data(), as: UTF8.self)
        #expect(!text.contains(token) && !text.contains("hvs.CAESI"))
        // What stands beside the segment stays readable.
        #expect(text.contains("\"path\":\"secret/data/hmac-sha256:") && text.contains("/x\""))
    }
}
