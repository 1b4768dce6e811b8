import CLI
import Foundation
import TestSupport
import Testing

@Suite struct PlatformCommandTests {
    private func write(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

    @Test("says with file, line and reason what is wrong in each profile, asks no server and ends with 1")
    func problems() async throws {
        let folder = try TemporaryDirectory()
        try write("name: good\nauth: api_key\n", folder.file("good.yaml"))
        try write("name: one\ntoken_ulr: x\npkce: perhaps\n", folder.file("one.yaml"))
        try write("name: two\ntoken_url: https://a.b/t\n", folder.file("two.yml"))
        try write("name: not read\n", folder.file("notes.txt"))
        let run = await CommandRun(["platform", "lint", folder.path])
        #expect(run.status == 1)
        #expect(run.requests.isEmpty && run.output.isEmpty)
        #expect(
            run.errors == """
                \(folder.path)/one.yaml:2: unknown key 'token_ulr'
                \(folder.path)/one.yaml:3: 'pkce' must be true or false
                \(folder.path)/two.yml:2: the host of 'token_url' is not in 'allowed_hosts'

                """)
    }

    @Test("counts the profiles that are right, in folders and in single files")
    func right() async throws {
        let folder = try TemporaryDirectory()
        try write("name: one\nauth: api_key\n", folder.file("one.yaml"))
        let single = await CommandRun(["platform", "lint", folder.file("one.yaml")])
        #expect(single.status == 0 && single.output == "Success! 1 profile is valid.\n")
        try write("name: two\nauth: api_key\n", folder.file("two.yaml"))
        let both = await CommandRun(["platform", "lint", folder.path + "/"])
        #expect(both.status == 0 && both.output == "Success! 2 profiles are valid.\n")
        #expect(single.requests.isEmpty && both.requests.isEmpty)
    }

    @Test("refuses a path that is not there, and none at all")
    func missing() async {
        let gone = await CommandRun(["platform", "lint", "/nowhere/at/all"])
        #expect(gone.status == 1 && gone.errors == "/nowhere/at/all: no such file or directory\n")
        let none = await CommandRun(["platform", "lint"])
        #expect(none.status == 1 && !none.errors.isEmpty)
    }
}
