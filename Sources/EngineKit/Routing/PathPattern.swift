import Syntax

/// A path below a mount: `config`, `roles/{name}`, `data/{path...}`.
///
/// `{name}` takes one segment; `{name...}` takes the rest, which may be nothing. Only literals may follow it, as in
/// `mounts/{path...}/tune`, and then it takes at least one segment.
package struct PathPattern: Sendable, Hashable, CustomStringConvertible {
    /// One part of a pattern between slashes.
    package enum Segment: Sendable, Hashable {
        case literal(String)
        case one(String)
        case rest(String)
    }

    /// The pattern as it was declared.
    package let description: String
    /// The parts of the pattern, in order.
    package let segments: [Segment]
    /// The literals after `{name...}`, with their slash, such as `/tune`.
    private let tail: String

    /// Creates the pattern that `text` spells, such as `roles/{name}`.
    package init(_ text: String) {
        description = text
        segments = text.splitUTF8(at: "/").map { part in
            if part.hasUTF8Prefix("{"), part.hasUTF8Suffix("...}") { return .rest(String(part.dropFirstUTF8().dropLastUTF8(4))) }
            if part.hasUTF8Prefix("{"), part.hasUTF8Suffix("}") { return .one(String(part.dropFirstUTF8().dropLastUTF8())) }
            return .literal(String(part))
        }
        tail = text.textBehind("...}")
    }

    /// The names of the captures, in order.
    package var captureNames: [String] {
        segments.compactMap { segment in
            switch segment {
            case .literal: nil
            case .one(let name), .rest(let name): name
            }
        }
    }

    /// Returns the captures, or nil if the path does not match. `path` has no slash at either end.
    package func match(_ path: Substring) -> Captures? {
        var captures = Captures()
        var rest = path
        var isDone = path.isEmpty
        for (index, segment) in segments.enumerated() {
            if case .rest(let name) = segment {
                guard index < segments.count - 1 else {
                    captures.append(name, String(rest))
                    return captures
                }
                guard rest.hasUTF8Suffix(tail), rest.utf8.count > tail.utf8.count else { return nil }
                captures.append(name, String(rest.dropLastUTF8(tail.utf8.count)))
                return captures
            }
            guard !isDone else { return nil }
            let part: Substring
            if let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) {
                part = rest[..<slash]
                rest = rest[rest.utf8.index(after: slash)...]
            } else {
                part = rest
                rest = rest[rest.endIndex...]
                isDone = true
            }
            switch segment {
            case .literal(let literal): guard part == literal else { return nil }
            case .one(let name): captures.append(name, String(part))
            case .rest: break
            }
        }
        return isDone ? captures : nil
    }
}

extension PathPattern: ExpressibleByStringLiteral {
    /// Creates a pattern from a literal.
    package init(stringLiteral value: String) { self.init(value) }
}

/// The captured parts of a path. There are few of them, so they are found by a linear search.
package struct Captures: Sendable, Hashable {
    /// The captures in the order of the path.
    package private(set) var pairs: [(name: String, value: String)] = []

    /// Creates captures from names and values.
    package init(_ pairs: [(name: String, value: String)] = []) { self.pairs = pairs }

    /// Adds the value of one capture.
    package mutating func append(_ name: String, _ value: String) { pairs.append((name, value)) }

    /// Returns the value of a capture, or an empty string if the pattern has none of that name.
    package subscript(_ name: String) -> String { pairs.first { $0.name == name }?.value ?? "" }

    /// Returns whether both have the same names and values in the same order.
    package static func == (left: Captures, right: Captures) -> Bool {
        left.pairs.elementsEqual(right.pairs) { $0.name == $1.name && $0.value == $1.value }
    }

    package func hash(into hasher: inout Hasher) {
        for pair in pairs { hasher.combine(pair.value) }
    }
}

extension String {
    /// Returns the text after the first `mark`, or an empty string.
    fileprivate func textBehind(_ mark: String) -> String {
        rangeOfUTF8(mark).map { String(self[$0.upperBound...]) } ?? ""
    }
}
