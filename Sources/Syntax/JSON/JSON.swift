/// A JSON value that loses nothing: numbers keep their text, objects keep their order.
///
/// `Foundation`'s decoder accepts duplicate keys and rewrites numbers; a store of secrets may do neither.
public indirect enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The digits exactly as they were sent, such as `1.0` or `12345678901234567890`.
    case number(String)
    case string(String)
    case array([JSON])
    case object(JSONObject)
    /// Text already known to be one valid JSON value; encoded as it is. See ``JSON/parsed()``.
    case raw([UInt8])
}

extension JSON {
    public static func int(_ value: some BinaryInteger) -> JSON { .number(String(value)) }

    public static func strings(_ values: some Sequence<String>) -> JSON { .array(values.map { .string($0) }) }

    /// `null` for nil.
    public static func optional(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }

    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// A number with no fraction that fits, else nil.
    public var intValue: Int? {
        if case .number(let text) = self { Int(text) } else { nil }
    }

    /// A whole number from 0 to 2⁵³ − 1, else nil. A stored count is read as one, so that adding to it cannot overflow.
    package var countValue: Int? {
        guard let value = intValue, (0..<1 << 53).contains(value) else { return nil }
        return value
    }

    public var arrayValue: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }

    public var objectValue: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    public var isNull: Bool { self == .null }

    public subscript(_ key: String) -> JSON? { objectValue?[key] }

    /// Opens a ``raw(_:)`` value; every other value is itself.
    public func parsed(limits: JSONLimits = .init()) throws(JSONError) -> JSON {
        if case .raw(let bytes) = self { try JSON(parsing: bytes, limits: limits) } else { self }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements.map { .init(key: $0.0, value: $0.1) }))
    }
}
