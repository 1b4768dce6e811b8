import Capabilities
import Testing

@Suite("Caveats by their bytes")
struct CaveatByteTests {
    @Test("a list is parted at its separators, whatever stands behind them")
    func lists() throws {
        let key = ParentKeys.key(of: "coffer.s.parent")
        let paths: Caveat = .paths(["a/", "\u{301}b/"])
        let token = try CapabilityToken(narrowing: CapabilityToken(parent: "coffer.s.parent"), by: paths)
        let read = try CapabilityToken(token.text)
        #expect(read.isSigned(by: key))
        #expect(read.caveats == [paths], "one path more or less would be another right")
    }
}
