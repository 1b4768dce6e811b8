import Testing

@Suite("What was mistyped")
struct SpellingTests {
    @Test(
        "is suggested for a command when it is near",
        arguments: [
            (["sttus"], "coffer status"), (["kv", "gte", "x"], "coffer kv get"), (["secret", "list"], "coffer secrets"),
            (["kv", "metdata"], "coffer kv metadata"), (["operator", "unsael"], "coffer operator unseal"),
        ])
    func near(arguments: [String], expected: String) async {
        let run = await CommandRun(arguments)
        #expect(run.status == 1)
        #expect(run.errors.contains("Did you mean `\(expected)`?"))
    }

    @Test("is not guessed at when nothing is near", arguments: [["xyzzy"], ["kv", "frobnicate"], ["hvs.CAESIJ"]])
    func far(arguments: [String]) async {
        let run = await CommandRun(arguments)
        #expect(run.status == 1)
        #expect(!run.errors.contains("Did you mean"))
    }

    @Test("is guessed for a flag only when it is near")
    func flags() async {
        #expect(await CommandRun(["server", "-test"]).errors.contains("Did you mean") == false)
        #expect(await CommandRun(["read", "-zone=x", "y"]).errors.contains("Did you mean") == false)
        #expect(await CommandRun(["read", "-feild=x", "y"]).errors.contains("Did you mean '-field'"))
    }
}
