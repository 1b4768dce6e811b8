import Hashes
import Crypto
import EngineKit
import SecretMemory
import Syntax

/// Formats records as the contents of lines, in a buffer that is reused.
///
/// After ``reset()`` the buffer holds nothing of a record except HMACs and what is written in clear.
struct LineFormatter: Sendable {
    /// The size of a record's data. Larger data is written as a single HMAC.
    static let dataBytesMax = 8 << 20
    /// The capacity of the buffer that is kept for the next record.
    private static let keptCapacityMax = 256 << 10

    /// The keyed hash that values are written with.
    let hash: KeyedHash
    /// The options of the device.
    let options: AuditOptions
    private let hashedTrue: [UInt8]
    private let hashedFalse: [UInt8]

    /// The contents of the lines, one after the other.
    var output: [UInt8] = []
    /// The end of each line's content in `output`.
    var ends: [Int] = []
    /// Whether the current line is longer than any that is kept, so that formatting it can stop.
    var isOverlong: Bool { output.count - (ends.last ?? 0) > 2 * Self.dataBytesMax }

    /// A buffer that holds a secret while its escapes are decoded, and is zeroed afterwards.
    var scratch: [UInt8] = []
    private var time = TimeText()
    private var recent: RecentHashes
    private static let knownMax = 16
    /// The HMACs of the token and the accessor, which occur several times in a record and its response.
    private var known: [(secret: String, text: [UInt8])] = []
    /// Recent callers, each at the index that follows from its number.
    private var identities: [KnownIdentity]
    private static let identitiesMax = 256

    /// The formatted members that are the same in all requests of an identity. They hold only HMACs and what is written in
    /// clear.
    struct KnownIdentity: Sendable {
        var number: UInt64 = 0
        var auth: [UInt8] = []
        var token: [UInt8] = []
    }

    /// Creates a formatter for one device.
    init(hash: KeyedHash, options: AuditOptions, randomness: any Randomness) {
        self.hash = hash
        self.options = options
        hashedTrue = Self.hashed("true", with: hash)
        hashedFalse = Self.hashed("false", with: hash)
        identities = Array(repeating: KnownIdentity(), count: Self.identitiesMax)
        recent = RecentHashes(seed: randomness)
        output.reserveCapacity(4_096)
    }

    /// Returns the formatted members of an identity, if they were kept.
    func kept(_ identity: AuditIdentity) -> KnownIdentity? {
        guard identity.number > 0 else { return nil }
        let known = identities[Int(identity.number % UInt64(Self.identitiesMax))]
        return known.number == identity.number ? known : nil
    }

    /// Keeps the formatted members of an identity that is shared by several requests.
    mutating func keep(_ known: KnownIdentity) {
        if known.number > 0 { identities[Int(known.number % UInt64(Self.identitiesMax))] = known }
    }

    /// Empties the buffer.
    mutating func reset() {
        known.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        if output.capacity > Self.keptCapacityMax {
            output = []
        } else {
            output.removeAll(keepingCapacity: true)
        }
    }

    // MARK: Leaves

    /// Returns the HMAC of a text as it is written: `"hmac-sha256:…"`.
    static func hashed(_ text: String, with hash: KeyedHash) -> [UInt8] {
        var output: [UInt8] = []
        output.append("\"hmac-sha256:" as StaticString)
        Array(text.utf8).withUnsafeBytes { hash.appendHex(of: $0, to: &output) }
        output.append(UInt8(ascii: "\""))
        return output
    }

    /// Appends the HMAC of the bytes: `"hmac-sha256:…"`.
    mutating func appendHMAC(of bytes: UnsafeRawBufferPointer) {
        output.append("\"hmac-sha256:" as StaticString)
        recent.appendHex(of: bytes, with: hash, to: &output)
        output.append(UInt8(ascii: "\""))
    }

    /// Appends the HMAC of a text.
    mutating func appendHMAC(of text: String) {
        var text = text
        text.withUTF8 { appendHMAC(of: UnsafeRawBufferPointer($0)) }
    }

    /// Appends the HMAC of `true` or `false`.
    mutating func appendHMAC(of value: Bool) { output.append(contentsOf: value ? hashedTrue : hashedFalse) }

    /// Appends the HMAC of a secret that occurs several times in a record.
    mutating func appendHMAC(ofRepeated secret: String) {
        if let entry = known.first(where: { $0.secret == secret }) { return output.append(contentsOf: entry.text) }
        let text = Self.hashed(secret, with: hash)
        if known.count < Self.knownMax { known.append((secret, text)) }
        output.append(contentsOf: text)
    }

    /// Appends a text as a JSON string.
    mutating func appendText(_ text: String) { JSON.encode(text, into: &output) }

    // MARK: Members

    /// Appends a comma.
    mutating func appendComma() { output.append(UInt8(ascii: ",")) }

    /// Appends a member that is written in clear, unless its value is nil.
    ///
    /// - Parameter name: The name in quotes with its colon, preceded by a comma unless it is the first member: `,"name":`.
    mutating func appendMember(_ name: StaticString, clear value: String?) {
        guard let value else { return }
        output.append(name)
        appendText(value)
    }

    /// Appends a number, unless it is nil.
    mutating func appendMember(_ name: StaticString, number value: Int?) {
        guard let value else { return }
        output.append(name)
        output.append(decimal: value)
    }

    /// Appends the HMAC of a secret, unless it is nil or empty.
    mutating func appendMember(_ name: StaticString, secret value: String?) {
        guard let value, !value.isEmpty else { return }
        output.append(name)
        appendHMAC(ofRepeated: value)
    }

    /// Appends an accessor in the form that the device's options ask for, unless it is nil or empty.
    mutating func appendMember(_ name: StaticString, accessor value: String?) {
        guard let value, !value.isEmpty else { return }
        output.append(name)
        if options.hashesAccessors { appendHMAC(ofRepeated: value) } else { appendText(value) }
    }

    /// Appends a list of texts in clear, unless it is empty.
    mutating func appendMember(_ name: StaticString, list values: [String]) {
        guard !values.isEmpty else { return }
        output.append(name)
        output.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { appendComma() }
            appendText(value)
        }
        output.append(UInt8(ascii: "]"))
    }

    /// Appends a time, unless it is nil.
    mutating func appendMember(_ name: StaticString, time value: Timestamp?) {
        guard let value else { return }
        output.append(name)
        output.append(UInt8(ascii: "\""))
        time.append(value, to: &output)
        output.append(UInt8(ascii: "\""))
    }
}
