import Foundation
import Syntax
import Testing

import Audit

@Suite struct AuditByteTests {
    private static let token = "hvs.CAESIJabcdefghijklmnopqrstuvwxyz0123456789"

    @Test(arguments: ["x\u{0D4E}/TOKEN", "TOKEN/\u{301}x", "x/TOKEN/\u{301}", "\u{0D4E}/\u{0D4E}/TOKEN", "x/TOKEN"])
    func `hashes a token in a path, whatever its neighbours are`(path: String) throws {
        let trail = try Trail()
        try trail.enable()
        try trail.broker.record(.request(path: "secret/data/" + path.replacingOccurrences(of: "TOKEN", with: Self.token)))
        let contents = trail.contents
        #expect(contents.firstRange(of: Array(Self.token.utf8)) == nil, "a token stands in the clear")
        let shown = try #require(trail.recorded()[0]["request"]?["path"]?.stringValue)
        #expect(shown.utf8.count(where: { $0 == 0x2F }) == "secret/data/\(path)".utf8.count(where: { $0 == 0x2F }))
    }

    @Test(arguments: [
        "DIR/../\u{301}x.log", "DIR/..\u{0D4E}/../x.log", "DIR/a/..\u{0D4E}/\u{301}x/../../x.log", "DIR/./\u{301}x.log",
    ])
    func `sees a dot segment through a mark beside its slash`(path: String) throws {
        let trail = try Trail()
        let place = path.replacingOccurrences(of: "DIR", with: trail.directory)
        #expect(throws: AuditError.self) { try trail.broker.enable(Trail.configuration(place)) }
        #expect(trail.broker.list().isEmpty)
    }
}
