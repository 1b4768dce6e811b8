package import Syntax

extension PasswordPolicy {
    /// The longest text of a policy that is parsed, in bytes.
    package static let textBytesMax = 16_384
    private static let rulesMax = 64
    private static let charactersMax = 512

    /// Reads a policy in HCL or JSON: `length = 20`, and blocks `rule "charset" { charset = "abc" min-chars = 1 }`.
    package init(parsing text: String) throws(HCLError) {
        let body = try HCLBody(parsing: Array(text.utf8), limits: HCLLimits(bytesMax: Self.textBytesMax))
        try body.refuseUnknown(except: ["length", "rule"])
        guard let length = try body.int("length") else { throw HCLError("length is missing", at: body.position) }
        let blocks = try body.blocks("rule", labels: 1)
        guard blocks.count <= Self.rulesMax else { throw HCLError("there are more than \(Self.rulesMax) rules", at: body.position) }
        var rules: [Rule] = []
        for block in blocks { rules.append(try Self.rule(block)) }
        do throws(Refusal) {
            try self.init(length: length, rules: rules)
        } catch {
            throw HCLError(error.rawValue, at: body.position)
        }
    }

    private static func rule(_ block: HCLBlock) throws(HCLError) -> Rule {
        guard block.labels[0] == "charset" else { throw HCLError("the only kind of rule is \"charset\"", at: block.position) }
        try block.body.refuseUnknown(except: ["charset", "min-chars", "min_chars"])
        guard let characters = try block.body.string("charset") else { throw HCLError("charset is missing", at: block.position) }
        guard characters.unicodeScalars.count <= charactersMax, characters.unicodeScalars.allSatisfy(isPrintable) else {
            throw HCLError("charset may have \(charactersMax) characters, all of them printable", at: block.position)
        }
        let (least, alias) = (try block.body.int("min-chars"), try block.body.int("min_chars"))
        // Scalar by scalar: two characters that would join into one stay two.
        return Rule(characters: characters.unicodeScalars.map(Character.init), least: least ?? alias ?? 0)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .nonspacingMark,
            .enclosingMark, .spacingMark:
            false
        default: true
        }
    }
}
