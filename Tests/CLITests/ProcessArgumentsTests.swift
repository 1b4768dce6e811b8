import CLI
import Testing

@Suite struct ProcessArgumentsTests {
    @Test(
        "reads the arguments as the kernel keeps them",
        arguments: [
            ("coffer\0server\0-config\0x y\0", ["coffer", "server", "-config", "x y"]), ("coffer\0", ["coffer"]), ("", []),
            ("coffer\0-flag=\0\0", ["coffer", "-flag=", ""]),
        ])
    func parsing(text: String, arguments: [String]) {
        #expect(ProcessArguments.parse(Array(text.utf8)) == arguments)
    }
}
