@testable import HTTPShell
import Testing

@Suite struct StreamCountTests {
    @Test("beyond the bound a stream is refused, until another one ends, and requests are counted apart")
    func bound() {
        let admission = Admission(capacity: ShellCapacity())
        var begun = 0
        while begun < 100_000, admission.beginStream() { begun += 1 }
        #expect(begun < 100_000 && admission.currentStreams == begun && admission.current.requests == 0)
        #expect(!admission.beginStream() && admission.currentStreams == begun)
        admission.endStream()
        #expect(admission.beginStream() && !admission.beginStream())
    }
}
