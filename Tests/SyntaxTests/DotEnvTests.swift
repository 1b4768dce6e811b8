import Syntax
import Testing

@Suite("A .env file")
struct DotEnvTests {
    @Test(
        "gives the values as dotenv reads them",
        arguments: [
            ("A=b", "b"), ("A=", ""), ("A= b ", "b"), ("A = b", "b"), ("export A=b", "b"), ("  export\tA=b", "b"),
            ("A=b # note", "b"), ("A=b#c", "b#c"), ("A=#c", "#c"), ("A= #c", ""), ("A=#FF0000 # red", "#FF0000"), ("A=\t#c", ""),
            ("A=\"b # c\"", "b # c"), ("A='b # c' # note", "b # c"),
            ("A=\"b\\nc\"", "b\nc"), ("A='b\\nc'", "b\\nc"), ("A=\"b\nc\"", "b\nc"), ("A='b\r\nc'", "b\nc"), ("A=`b'\"c`", "b'\"c"),
            ("A=\"say \\\"x\\\"\"", "say \"x\""), ("A=a=b=c", "a=b=c"), ("A=$B ${C}", "$B ${C}"), ("A=\"\\$B\"", "$B"),
            ("\u{FEFF}A=b", "b"), ("# c\n\n  # d\nA=b\r\n", "b"), ("A=1\nA=2", "2"), ("A=it's", "it's"), ("A=\"\"", ""),
            ("A=base64:AAEC/+==", "base64:AAEC/+=="), ("A=\"q\\w\"", "q\\w"),
        ])
    func values(_ text: String, _ value: String) throws {
        let file = try DotEnv(parsing: text)
        #expect(file.values == ["A": value])
    }

    @Test(
        "is refused with its line, and without its values",
        arguments: [
            ("A=1\nsecretvalue", 2), ("A=\"secretvalue", 1), ("A=1\n\nB='x\nsecretvalue\n", 3), ("=secretvalue", 1),
            ("A=\"x\" secretvalue", 1), ("1A=secretvalue", 1), ("A B=secretvalue", 1), ("export", 1), ("A=\"1\n2\"\n-=x", 3),
            ("A=a\u{0}b", 1), ("ä=1", 1),
        ])
    func refusals(_ text: String, _ line: Int) throws {
        let error = try #require(throws: DotEnvError.self) { try DotEnv(parsing: text) }
        #expect(error.line == line)
        #expect(!error.description.contains("secretvalue"))
    }

    @Test("keeps where each variable stands")
    func lines() throws {
        let file = try DotEnv(parsing: "# c\nA=\"1\n2\"\nexport TOKEN_my-service.x=3\n")
        #expect(file.variables.map(\.line) == [2, 4])
    }
}
