/// A JSON value (RFC 8259) whose numbers keep their digits and whose objects keep their order.
///
/// A store of secrets must return what it was given. Foundation's decoder accepts duplicate keys and rewrites numbers.
public indirect enum JSON: Sendable, Hashable {
    /// The value `null`.
    case null
    /// The value `true` or `false`.
    case bool(Bool)
    /// A number with the digits of its text, such as `1.0` or `12345678901234567890`.
    case number(String)
    /// A string.
    case string(String)
    /// An array.
    case array([JSON])
    /// An object.
    case object(JSONObject)
    /// The text of one valid JSON value, which is encoded unchanged. ``parsed(limits:)`` reads it.
    case raw([UInt8])
}

extension JSON {
    /// Returns a number.
    public static func int(_ value: some BinaryInteger) -> JSON { .number(String(value)) }

    /// Returns an array of strings.
    public static func strings(_ values: some Sequence<String>) -> JSON { .array(values.map { .string($0) }) }

    /// Returns an object of strings, in the order of their keys.
    public static func map(_ strings: [String: String]) -> JSON { .object(JSONObject(sorting: strings)) }

    /// Returns an object of strings, or `null` if there are none, which is how the Vault API shows empty metadata.
    public static func mapOrNull(_ strings: [String: String]) -> JSON { strings.isEmpty ? .null : .map(strings) }

    /// Returns a string, or `null` for nil.
    public static func optional(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }

    /// The string, or nil for any other value.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The Boolean, or nil for any other value.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number, or nil if it has a fraction or an exponent or does not fit, and for any other value.
    public var intValue: Int? {
        if case .number(let text) = self { Int(text) } else { nil }
    }

    /// The number if it is a whole number from 0 to 2⁵³ − 1, or nil. Stored counts are read with it, so that adding to them cannot
    /// overflow.
    package var countValue: Int? {
        guard let value = intValue, (0..<1 << 53).contains(value) else { return nil }
        return value
    }

    /// The elements of the array, or nil for any other value.
    public var arrayValue: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }

    /// The object, or nil for any other value.
    public var objectValue: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// Whether the value is `null`.
    public var isNull: Bool { self == .null }

    /// Returns a member of the object, or nil if there is no such member or the value is not an object.
    public subscript(_ key: String) -> JSON? { objectValue?[key] }

    /// Returns the value of the text in a ``raw(_:)`` case; any other value unchanged.
    ///
    /// - Throws: ``JSONError`` if the text exceeds `limits`.
    public func parsed(limits: JSONLimits = .init()) throws(JSONError) -> JSON {
        if case .raw(let bytes) = self { try JSON(parsing: bytes, limits: limits) } else { self }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Creates a string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Creates a Boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Creates a number.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// Creates an array.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// Creates an object. The keys must be distinct.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements.map { .init(key: $0.0, value: $0.1) }))
    }
}
