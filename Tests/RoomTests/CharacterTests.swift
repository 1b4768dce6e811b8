import Testing

@Suite("Text by its bytes")
struct CharacterTests {
    @Test("no source decides about text by its characters")
    func sourcesCountBytes() throws {
        let tree = try SourceTree.ofThisPackage()
        #expect(tree.files.count > 30, "the sources were not found, so nothing was checked")
        #expect(CharacterRules.violations(in: tree) == [])
    }

    private func violations(_ line: String) -> [String] {
        CharacterRules.violations(in: SourceTree(files: [.init(path: "Core/Planted.swift", text: line)]))
    }

    @Test(
        "notices a decision on characters",
        arguments: [
            #"guard path.hasPrefix("auth/") else { return }"#, "names.filter(name.hasSuffix)", #"text.split(separator: "/")"#,
            #"text.split(separator: "'", omittingEmptySubsequences: false)"#, #"text.split { $0 == " " || $0 == "," }"#,
            #"text.split(whereSeparator: { $0 == "," })"#, #"text.split(whereSeparator: \.isNewline)"#,
            #"if path.contains("*") {}"#,
            #"guard address.contains(":") else {}"#, #"canonical.text.contains("+")"#, #"id.lastIndex(of: "/")"#,
            #"rest.firstRange(of: "{{")"#, #"text.replacingOccurrences(of: "'", with: "x")"#, "String(path.dropLast())",
            "rest.dropFirst(folder.count)", "after.dropFirst(prefix.count)", #"if body.first == "/" {}"#, "name.drop { $0 == x }",
            #"String(name.prefix { $0 != ";" })"#, #"(found ?? "").contains("x")"#,
        ])
    func notices(line: String) {
        #expect(!violations(line).isEmpty)
    }

    @Test(
        "lets pass what works on bytes, on lists, or says why it means characters",
        arguments: [
            #"guard path.hasUTF8Prefix("auth/") else { return }"#, #"bytes.split(separator: UInt8(ascii: "/"))"#,
            #"policies.contains("root")"#, #"segments.dropLast()"#, "arguments.dropFirst()", #"text.utf8.contains(0)"#,
            "path.utf8.dropLast()", "Self.hasPrefix(path, at: 0)", #"names.joined(separator: "/")"#, "text.splitUTF8(at: \"/\")",
            "// hasPrefix works on characters", #"let width = text.prefix { $0 == " " }  // characters: a column's width"#,
            "rest.dropFirstUTF8(folder.utf8.count)", "key.dropFirst(Self.prefix.utf8.count)".replacing("key", with: "bytes"),
        ])
    func accepts(line: String) {
        #expect(violations(line) == [])
    }
}
