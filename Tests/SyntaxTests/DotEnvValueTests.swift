import Syntax
import Testing

@Suite("A value written into a .env file")
struct DotEnvValueTests {
    static let nasty = [
        "", "plain-_./:+=@%,", "#FF0000", " spaces ", "a #b", "it's", #"say "hi""#, #"it's "x""#, "pa$$word${HOME}$(id)", "a`id`b",
        "it's $5 `x` \\", "a\\", "a\\\\b", "a\\nb", "a\nb", "\n", "a\r\nb", "\r", "'", "\"", "x'\u{301};id;'\u{301}",
        "\"\u{301}$(id)", "\\\u{301}'",
        "$\u{301}{HOME}", "\u{0D4E}'", "é", "\u{FEFF}x", "a\tb", "{\"a\":\"b\\n\"}", "!x", "~", "*", "%s", "\u{1B}[31m",
        "\u{85}\u{2028}",
    ]

    @Test("is read back as it was", arguments: nasty)
    func roundTrip(_ value: String) throws {
        let file = try DotEnv(parsing: "BEFORE='1'\nA=\(DotEnvValue(value).text)\nAFTER='2'\n")
        #expect(file.values.count == 3)
        #expect(file.values["A"].map { Array($0.utf8) } == Array(value.utf8))
        #expect(file.values["AFTER"] == "2")
    }

    @Test("is read back when made at random")
    func random() throws {
        var generator = SplitMix64(seed: 7)
        let letters = Array("'\"\\$`{}#= \n\r\ta\u{301}\u{0D4E}é".unicodeScalars)
        for _ in 0..<20_000 {
            var view = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0..<9, using: &generator) { view.append(letters.randomElement(using: &generator) ?? "a") }
            let value = String(view)
            let file = try DotEnv(parsing: "A=\(DotEnvValue(value).text)\nAFTER=2\n")
            #expect(file.values["A"].map { Array($0.utf8) } == Array(value.utf8))
            #expect(file.values.count == 2)
        }
    }

    @Test("takes single quotes where they are read alike")
    func single() {
        #expect(DotEnvValue("pa$$word").text == "'pa$$word'")
        #expect(DotEnvValue("pa$$word").misreaders.isEmpty)
        #expect(DotEnvValue("${HOME}").misreaders == [.pythonDotEnvInterpolating])
        #expect(DotEnvValue("it's").text == "\"it's\"")
        #expect(DotEnvValue("it's").misreaders.isEmpty)
        #expect(DotEnvValue("postgres://u:p@h/d?x=1").text == "'postgres://u:p@h/d?x=1'")
    }
}
