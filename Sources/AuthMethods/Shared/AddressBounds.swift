import EngineKit
import Records
import Syntax

/// The address ranges that a role, a secret id or a token is bound to. An empty list allows every address.
struct AddressBounds: Sendable, Hashable {
    private(set) var texts: [String]
    private let ranges: [AddressRange]

    static let countMax = 256

    init() { (texts, ranges) = ([], []) }

    init(_ texts: [String], field: String) throws(CofferError) {
        guard texts.count <= Self.countMax else { throw .invalid("field '\(field)' may have \(Self.countMax) ranges at most") }
        guard let bounds = AddressBounds(stored: texts) else {
            throw .invalid("field '\(field)' must be a list of addresses or CIDR blocks")
        }
        self = bounds
    }

    init?(stored texts: [String]) {
        let ranges = texts.compactMap { AddressRange($0) }
        guard ranges.count == texts.count else { return nil }
        self.texts = texts
        self.ranges = ranges
    }

    var isEmpty: Bool { ranges.isEmpty }

    func allows(_ address: String) -> Bool { isEmpty || ranges.contains { $0.contains(address) } }

    /// Whether `other` allows every address that this allows.
    func isWithin(_ other: AddressBounds) -> Bool {
        if other.isEmpty { return true }
        return !isEmpty && ranges.allSatisfy { range in other.ranges.contains { $0.contains(range) } }
    }

    /// Returns the ranges that both allow, or nil if there are none. An empty list would allow every address.
    func intersection(_ other: AddressBounds) -> AddressBounds? {
        if isEmpty { return other }
        if other.isEmpty { return self }
        let mine = zip(texts, ranges).filter { pair in other.ranges.contains { $0.contains(pair.1) } }.map(\.0)
        let theirs = zip(other.texts, other.ranges).filter { pair in ranges.contains { $0.contains(pair.1) } }.map(\.0)
        let both = mine + theirs.filter { !mine.contains($0) }
        return both.isEmpty ? nil : AddressBounds(stored: both)
    }

    static func == (left: AddressBounds, right: AddressBounds) -> Bool { left.texts == right.texts }
    func hash(into hasher: inout Hasher) { hasher.combine(texts) }
}

extension SettingKind where Value == AddressBounds {
    /// Address ranges, as a list of texts.
    static var addresses: Self {
        Self(
            .strings, shown: { .strings($0.texts) }, read: { $0.texts.flatMap(AddressBounds.init(stored:)) },
            take: { sent, name, current throws(CofferError) in try AddressBounds(sent.texts ?? current.texts, field: name) })
    }

    /// The same list, which answers show as `null` if it is empty, as the Vault API does.
    static var addressesOrNull: Self {
        var kind = addresses
        kind.shown = { $0.isEmpty ? .null : .strings($0.texts) }
        return kind
    }
}
