import Testing

@testable import HTTPShell  // The chains of earlier handshakes are the room's own.

@Suite("Chains of earlier handshakes")
struct KnownChainsTests {
    @Test("the latest chain of a certificate is the one that a resumed session has")
    func latest() {
        let chains = KnownChains()
        chains.keep([[1], [2]])
        chains.keep([[1], [3], [4]])
        #expect(chains[[1]] == [[1], [3], [4]])
        // One that is too large, or that has nothing beside the certificate, replaces none.
        chains.keep([[1]])
        chains.keep([[1], [UInt8](repeating: 0, count: 20 << 10)])
        #expect(chains[[1]] == [[1], [3], [4]])
    }

    @Test("no more are kept than 256, and a known one makes no room")
    func bounded() {
        let chains = KnownChains()
        func count() -> Int { (0..<400).count { chains[[UInt8($0 % 256), UInt8($0 / 256)]] != nil } }
        for index in 0..<400 { chains.keep([[UInt8(index % 256), UInt8(index / 256)], [9]]) }
        #expect(count() == 256)
        for index in 0..<400 where chains[[UInt8(index % 256), UInt8(index / 256)]] != nil {
            chains.keep([[UInt8(index % 256), UInt8(index / 256)], [8]])
        }
        #expect(count() == 256)
    }
}
