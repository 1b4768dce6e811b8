/// The members of a document, a block or an object: attributes and blocks, each in the order of the text.
public struct HCLBody: Sendable, Hashable {
    /// The attributes. Their names are distinct.
    public var attributes: [HCLAttribute]
    /// The blocks. Several may have the same type and labels.
    public var blocks: [HCLBlock]
    /// The position of the opening brace, or of the first character of a document.
    public var position: HCLPosition

    /// Creates a body from its members.
    public init(attributes: [HCLAttribute] = [], blocks: [HCLBlock] = [], position: HCLPosition = .init(line: 1, column: 1)) {
        self.attributes = attributes
        self.blocks = blocks
        self.position = position
    }
}

/// An attribute: `name = value`.
public struct HCLAttribute: Sendable, Hashable {
    /// The name before the `=`.
    public var name: String
    /// The value after the `=`.
    public var value: HCLValue
    /// The position of the name.
    public var position: HCLPosition

    /// Creates an attribute.
    public init(name: String, value: HCLValue, position: HCLPosition) {
        self.name = name
        self.value = value
        self.position = position
    }
}

/// A block: `type "label" { ... }`, with any number of labels.
public struct HCLBlock: Sendable, Hashable {
    /// The word that begins the block, such as `path`.
    public var type: String
    /// The labels between the type and the opening brace.
    public var labels: [String]
    /// The members between the braces.
    public var body: HCLBody
    /// The position of the type.
    public var position: HCLPosition

    /// Creates a block.
    public init(type: String, labels: [String], body: HCLBody, position: HCLPosition) {
        self.type = type
        self.labels = labels
        self.body = body
        self.position = position
    }
}

/// A value with its position in the text.
public struct HCLValue: Sendable, Hashable {
    /// The kinds of values.
    public indirect enum Content: Sendable, Hashable {
        /// The `null` of a JSON document. HCL documents have none.
        case null
        /// `true` or `false`.
        case bool(Bool)
        /// A number in JSON syntax, with the digits of the text. Hexadecimal numbers are converted to decimal.
        case number(String)
        /// A quoted string or a heredoc, with its escapes resolved.
        case string(String)
        /// A list: `[a, b]`.
        case list([HCLValue])
        /// An object: `{ name = value }`.
        case object(HCLBody)
    }

    /// The value itself.
    public var content: Content
    /// The position of the value's first character.
    public var position: HCLPosition

    /// Creates a value.
    public init(_ content: Content, position: HCLPosition) {
        self.content = content
        self.position = position
    }

    /// The value as JSON. A block inside an object becomes a member holding an array of objects.
    public var json: JSON {
        switch content {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let text): .number(text)
        case .string(let text): .string(text)
        case .list(let values): .array(values.map(\.json))
        case .object(let body): .object(body.json)
        }
    }
}

extension HCLBody {
    /// The members as JSON: blocks become arrays of objects, their labels nested objects.
    public var json: JSONObject {
        var object = JSONObject()
        for attribute in attributes { object[attribute.name] = attribute.value.json }
        for block in blocks {
            let inner = block.labels.reversed().reduce(JSON.object(block.body.json)) { value, label in
                .object(JSONObject([.init(key: label, value: value)]))
            }
            object[block.type] = .array((object[block.type]?.arrayValue ?? []) + [inner])
        }
        return object
    }
}
