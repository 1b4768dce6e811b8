import Testing

@Suite("Reading of fields")
struct FieldTests {
    private static let declared = SourceTree.File(
        path: "Core/Declared.swift",
        text:
            #"[Field("text", .string, default: "x", "Text."), Field(\#n"on", .bool, "On.")]; EnginePath("a/{name}/{rest...}", "")"#)

    @Test("repeats no default, and is of declared fields")
    func sources() throws {
        let violations = FieldRules.violations(in: try SourceTree.ofThisPackage())
        #expect(violations == [], "\(violations)")
    }

    @Test(
        "notices a default at the place of reading, and a field that is not declared",
        arguments: [
            ("Core", #"let text = request.fields.string("text") ?? """#), ("Core", #"let text = fields.string("text") ?? "x""#),
            ("Core", #"if request.fields.bool("on") == true { }"#), ("Core", #"let text = fields.text("test")"#),
            ("Core", #"guard fields.strings("rest") ?? [] == [] else { return }"#), ("Identity", #"fields.has("text")"#),
        ])
    func notices(room: String, text: String) {
        let tree = SourceTree(files: [Self.declared, .init(path: "\(room)/Planted.swift", text: text)])
        #expect(FieldRules.violations(in: tree).count == 1)
    }

    @Test(
        "may fall back to another value, and is not meant in comments",
        arguments: [
            #"let text = fields.string("text") ?? request.fields.text("name")"#, #"let ttl = fields.duration("rest") ?? role.ttl"#,
            #"let on = request.fields.flag("on")  // not fields.bool("on") ?? false"#,
        ])
    func accepts(text: String) {
        #expect(FieldRules.violations(in: SourceTree(files: [Self.declared, .init(path: "Core/Fine.swift", text: text)])) == [])
    }
}
