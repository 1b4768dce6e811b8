import SecretMemory
import Testing

@Suite("Secret bytes that could not be filled")
struct RefusedFillingTests {
    private struct Refused: Error {}

    @Test("are not made, and their memory is freed once", arguments: [0, 1, 16, 1_000])
    func notMade(count: Int) {
        for _ in 0..<100 {
            #expect(throws: Refused.self) { try SecretBytes(count: count) { _ in throw Refused() } }
        }
    }
}
