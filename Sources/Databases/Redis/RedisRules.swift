import DatabaseClients
import Syntax

/// The ACL rules of a Redis user, such as `+@read` or `~app:*`. Each is one word of the command, so none can become two.
enum RedisRules {
    private static let rulesMax = 256
    private static let bytesMax = 1_024

    /// Parses `creation_statements`: JSON arrays of rules, as Vault's plugin takes them, or rules separated by spaces.
    static func parse(_ statements: [String]) throws(DatabaseError) -> [String] {
        var rules: [String] = []
        for statement in statements {
            guard statement.dropUTF8(while: { $0 == 0x20 || $0 == 0x0A }).hasUTF8Prefix("[") else {
                rules += statement.splitUTF8(where: { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 }).map(String.init)
                continue
            }
            guard let values = (try? JSON(parsing: Array(statement.utf8)))?.arrayValue else {
                throw .invalid("creation_statements must be a JSON array of rules")
            }
            for value in values {
                guard let rule = value.stringValue else { throw .invalid("creation_statements must be a JSON array of strings") }
                rules.append(rule)
            }
        }
        guard rules.count <= rulesMax else { throw .invalid("there are more than \(rulesMax) rules") }
        for rule in rules { try check(rule) }
        return rules
    }

    private static func check(_ rule: String) throws(DatabaseError) {
        guard !rule.isEmpty, rule.utf8.count <= bytesMax, !rule.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw .invalid("a rule is empty, too long or has control characters")
        }
        // Only the driver sets the password, so that no user is without one or has a second one.
        let isOurs =
            ["on", "off", "nopass", "resetpass", "reset"].contains(rule.lowercased()) || rule.hasUTF8Prefix(">")
            || rule.hasUTF8Prefix("<")
            || rule.hasUTF8Prefix("#") || rule.hasUTF8Prefix("!")
        guard !isOurs else { throw .invalid("a rule may not change passwords or switch the user on or off") }
    }
}
