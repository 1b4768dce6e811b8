package import Syntax

/// A declared input: its name, type and meaning.
package struct Field: Sendable {
    /// The type of a field, and the forms in which it is accepted.
    package enum Kind: String, Sendable {
        case string, bool, int
        /// Whole seconds after validation; `"1h30m"` and `90` on the wire. Never negative.
        case duration
        /// An array, or one comma-separated string.
        case strings
        case ints
        case object
        /// An object whose values are strings; `key=value` and lists of it on the wire, too.
        case stringMap
        /// Any JSON.
        case any
    }

    /// The name in requests.
    package var name: String
    /// The type of the value.
    package var kind: Kind
    /// Whether a request without the field is refused.
    package var isRequired: Bool
    /// The value of a field that was not sent, or nil if there is none.
    package var initial: JSON?
    /// What the field means, as help and the OpenAPI document show it.
    package var details: String
    /// Whether help and the OpenAPI document mark the field as deprecated.
    package var isDeprecated: Bool
    /// Whether reads and listings have the field in the query, and writes do not have it.
    package var isQuery: Bool
    /// The only values of a string; empty for any.
    package var allowed: [String]

    /// Declares a field. The last argument says what it means.
    package init(
        _ name: String, _ kind: Kind, required: Bool = false, default initial: JSON? = nil, deprecated: Bool = false,
        query isQuery: Bool = false, oneOf allowed: [String] = [], _ details: String
    ) {
        self.name = name
        self.kind = kind
        self.isRequired = required
        self.initial = initial
        self.details = details
        self.isDeprecated = deprecated
        self.isQuery = isQuery
        self.allowed = allowed
    }
}
