/// The members of a document, a block or an object: attributes and blocks, each in the order they came in.
public struct HCLBody: Sendable, Hashable {
    /// The names are distinct.
    public var attributes: [HCLAttribute]
    public var blocks: [HCLBlock]
    /// The first byte of the document, or the opening brace.
    public var position: HCLPosition

    public init(attributes: [HCLAttribute] = [], blocks: [HCLBlock] = [], position: HCLPosition = .init(line: 1, column: 1)) {
        self.attributes = attributes
        self.blocks = blocks
        self.position = position
    }
}

/// `name = value`.
public struct HCLAttribute: Sendable, Hashable {
    public var name: String
    public var value: HCLValue
    public var position: HCLPosition

    public init(name: String, value: HCLValue, position: HCLPosition) {
        self.name = name
        self.value = value
        self.position = position
    }
}

/// `type "label" { ... }` with any number of labels.
public struct HCLBlock: Sendable, Hashable {
    public var type: String
    public var labels: [String]
    public var body: HCLBody
    public var position: HCLPosition

    public init(type: String, labels: [String], body: HCLBody, position: HCLPosition) {
        self.type = type
        self.labels = labels
        self.body = body
        self.position = position
    }
}

/// A value and where it starts.
public struct HCLValue: Sendable, Hashable {
    public indirect enum Content: Sendable, Hashable {
        /// Only JSON documents have it.
        case null
        case bool(Bool)
        /// JSON number syntax, digits as they were written; hexadecimal is turned into decimal.
        case number(String)
        case string(String)
        case list([HCLValue])
        case object(HCLBody)
    }

    public var content: Content
    public var position: HCLPosition

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
