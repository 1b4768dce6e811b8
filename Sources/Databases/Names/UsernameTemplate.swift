package import DatabaseClients
package import EngineKit

/// A template of usernames, in the subset of Go's templates that Vault's username templates use, such as `{{ printf
/// "v-%s-%s" (.RoleName | truncate 8) (random 20) | lowercase }}`.
///
/// It has text, pipelines, parentheses, strings, whole numbers, two fields and the functions of ``UsernameFunction``. There
/// are no loops, so the work is bounded by the length of the template.
package struct UsernameTemplate: Sendable {
    /// The values that a template can use.
    package struct Context: Sendable {
        /// The display name of the caller's token, `.DisplayName`.
        package var displayName: String
        /// The name of the role, `.RoleName`.
        package var roleName: String
        /// The time that the functions of a template use.
        package var time: Timestamp

        /// Creates the values for a username.
        package init(displayName: String, roleName: String, time: Timestamp) {
            self.displayName = SafeName.cleaned(displayName)
            self.roleName = roleName
            self.time = time
        }
    }

    static let bytesMax = 2_048
    static let outputBytesMax = 4_096

    indirect enum Expression: Sendable {
        case text(String)
        case number(Int)
        case displayName
        case roleName
        case call(UsernameFunction, [Expression])
    }

    enum Piece: Sendable {
        case text(String)
        case action(Expression)
    }

    private let pieces: [Piece]

    /// Parses a template.
    package init(_ text: String) throws(DatabaseError) {
        guard text.utf8.count <= Self.bytesMax else {
            throw .invalid("username_template is longer than \(Self.bytesMax) bytes")
        }
        var parser = UsernameTemplateParser(text)
        pieces = try parser.parse()
        // The template is tried with long names, so that it fails now and not for a caller.
        let long = String(repeating: "x", count: 256)
        _ = try render(
            Context(displayName: long, roleName: long, time: Timestamp(seconds: 1_700_000_000)), randomness: SystemRandomness())
    }

    /// Returns a username. Fails if it is too long or not safe in a statement.
    package func make(_ context: Context, randomness: any Randomness, bytesMax: Int) throws(DatabaseError) -> String {
        let name = try render(context, randomness: randomness)
        guard name.utf8.count <= bytesMax else {
            throw .invalid("username_template makes a name of more than \(bytesMax) bytes; truncate it")
        }
        guard SafeName.isSafe(name) else {
            throw .invalid("username_template makes a name with characters other than letters, digits and _ - . @ + :")
        }
        return name
    }

    private func render(_ context: Context, randomness: any Randomness) throws(DatabaseError) -> String {
        var output = ""
        for piece in pieces {
            switch piece {
            case .text(let text): output += text
            case .action(let expression): output += try evaluate(expression, context, randomness: randomness).text
            }
            guard output.utf8.count <= Self.outputBytesMax else { throw .invalid("username_template makes too long a name") }
        }
        return output
    }

    private func evaluate(
        _ expression: Expression, _ context: Context, randomness: any Randomness
    ) throws(DatabaseError) -> UsernameValue {
        switch expression {
        case .text(let text): return .text(text)
        case .number(let number): return .number(number)
        case .displayName: return .text(context.displayName)
        case .roleName: return .text(context.roleName)
        case .call(let function, let arguments):
            var values: [UsernameValue] = []
            for argument in arguments { values.append(try evaluate(argument, context, randomness: randomness)) }
            let value = try function.apply(values, time: context.time, randomness: randomness)
            guard value.text.utf8.count <= Self.outputBytesMax else { throw .invalid("username_template makes too long a name") }
            return value
        }
    }
}

enum UsernameValue: Sendable, Hashable {
    case text(String)
    case number(Int)

    var text: String {
        switch self {
        case .text(let text): text
        case .number(let number): String(number)
        }
    }
}
