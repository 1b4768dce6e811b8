import Testing

@Suite("Golden files")
struct GoldenTests {
    @Test("a stored record is read, and written again with the same bytes", arguments: Golden.all)
    func roundTrip(golden: Golden) async throws {
        let bytes = try GoldenFiles.bytes(golden.name)
        let written = try await golden.rewrite(bytes)
        #expect(written == bytes, "now written as \(String(decoding: written, as: UTF8.self))")
    }

    @Test("a record that is cut short is refused or at least not written as it was", arguments: Golden.all)
    func noticesDifference(golden: Golden) async throws {
        let cut = Array(try GoldenFiles.bytes(golden.name).dropLast())
        let written = try? await golden.rewrite(cut)
        #expect(written != (try GoldenFiles.bytes(golden.name)))
    }

    @Test("every file is read by a test, and every test has its file")
    func filesAndTestsMatch() throws {
        #expect(try GoldenFiles.names() == Golden.all.map(\.name).sorted())
    }
}
