/// A JSON object whose members keep the order of the text.
///
/// A lookup scans the members: objects in requests are small, and ``JSONLimits`` bounds the large ones.
public struct JSONObject: Sendable, Hashable {
    /// One member of an object.
    public struct Member: Sendable, Hashable {
        /// The name before the colon.
        public var key: String
        /// The value after the colon.
        public var value: JSON

        /// Creates a member.
        public init(key: String, value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// The members in order. Their keys are distinct.
    public var members: [Member]

    /// Creates an object.
    ///
    /// - Parameter members: The members, whose keys must be distinct.
    public init(_ members: [Member] = []) { self.members = members }

    /// Whether the object has no members.
    public var isEmpty: Bool { members.isEmpty }
    /// The number of members.
    public var count: Int { members.count }
    /// The keys in order.
    public var keys: [String] { members.map(\.key) }

    /// The value of a member, or nil if there is no such member.
    ///
    /// Setting a new key appends a member; setting nil removes the member.
    public subscript(_ key: String) -> JSON? {
        get { members.first { $0.key == key }?.value }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(.init(key: key, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject {
    /// Creates an object from a dictionary, in the order of its keys.
    public init<Value>(sorting values: [String: Value], _ json: (Value) throws -> JSON) rethrows {
        self.init(try values.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: try json($0.value)) })
    }

    /// Creates an object of strings, in the order of their keys.
    public init(sorting strings: [String: String]) { self.init(sorting: strings) { .string($0) } }

    /// Returns the object with its members in the order of their keys.
    public func sorted() -> JSONObject { JSONObject(members.sorted { $0.key < $1.key }) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Creates an object. The keys must be distinct.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(elements.map { .init(key: $0.0, value: $0.1) })
    }
}

extension JSONObject: Sequence {
    /// Returns an iterator over the members in order.
    public func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
}
