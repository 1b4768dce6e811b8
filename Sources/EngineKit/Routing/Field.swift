package import Syntax

/// A declared input: its name, type and meaning.
package struct Field: Sendable {
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

    package var name: String
    package var kind: Kind
    package var isRequired: Bool
    package var initial: JSON?
    package var details: String
    package var isDeprecated: Bool
    /// Reads and listings take it in the query, and writes do not have it.
    package var isQuery: Bool
    /// The only values of a string; empty for any.
    package var allowed: [String]

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
