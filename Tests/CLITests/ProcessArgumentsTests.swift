import CLI
import Testing

@Suite struct ProcessArgumentsTests {
    @Test(
        "reads the arguments as the kernel keeps them",
        arguments: [
            ("coffer\0server\0-config\0x y\0", ["coffer", "server", "-config", "x y"]), ("coffer\0", ["coffer"]), ("", []),
            ("coffer\0-flag=\0\0", ["coffer", "-flag=", ""]), ("coffer\0é\0", ["coffer", "é"]),
        ])
    func parsing(text: String, arguments: [String]) {
        let parsed = ProcessArguments.parse(Array(text.utf8))
        #expect(parsed.texts == arguments && parsed.malformed == nil)
    }

    @Test("tells which argument is not UTF-8")
    func malformed() {
        let bytes: [[UInt8]] = [Array("coffer".utf8), Array("kv".utf8), Array("secret/".utf8) + [0xFF], [0xC3]]
        let read = ProcessArguments(bytes)
        #expect(read.malformed == 2 && read.texts.prefix(2) == ["coffer", "kv"])
        #expect(ProcessArguments.parse(bytes.flatMap { $0 + [0] }) == read)
    }
}
