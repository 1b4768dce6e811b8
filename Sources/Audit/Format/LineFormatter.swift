import Hashes
import Crypto
import EngineKit
import SecretMemory
import Syntax

/// Turns records into the content of lines, in a buffer that it uses again and again.
///
/// After ``reset()`` nothing of a record is left in it but HMACs and what is clear.
struct LineFormatter: Sendable {
    /// Data that would make a longer line is written as one HMAC of the whole.
    static let dataBytesMax = 8 << 20
    private static let keptCapacityMax = 256 << 10

    let hash: KeyedHash
    let options: AuditOptions
    private let hashedTrue: [UInt8]
    private let hashedFalse: [UInt8]

    var output: [UInt8] = []
    /// Where in `output` the content of each line ends.
    var ends: [Int] = []
    /// Whether the line that is being written has grown past all that is kept of it.
    var isOverlong: Bool { output.count - (ends.last ?? 0) > 2 * Self.dataBytesMax }

    /// Holds a secret only while it is being unescaped.
    var scratch: [UInt8] = []
    private var time = TimeText()
    private var recent: RecentHashes
    private static let knownMax = 16
    /// The token and the accessor appear several times in a record and its answer: hashed once.
    private var known: [(secret: String, text: [UInt8])] = []
    /// Who asked lately, each in the place that its number leads to.
    private var identities: [KnownIdentity]
    private static let identitiesMax = 256

    /// The members that are the same in all requests of one identity: HMACs, and what is clear.
    struct KnownIdentity: Sendable {
        var number: UInt64 = 0
        var auth: [UInt8] = []
        var token: [UInt8] = []
    }

    init(hash: KeyedHash, options: AuditOptions, randomness: any Randomness) {
        self.hash = hash
        self.options = options
        hashedTrue = Self.hashed("true", with: hash)
        hashedFalse = Self.hashed("false", with: hash)
        identities = Array(repeating: KnownIdentity(), count: Self.identitiesMax)
        recent = RecentHashes(seed: randomness)
        output.reserveCapacity(4_096)
    }

    func kept(_ identity: AuditIdentity) -> KnownIdentity? {
        guard identity.number > 0 else { return nil }
        let known = identities[Int(identity.number % UInt64(Self.identitiesMax))]
        return known.number == identity.number ? known : nil
    }

    mutating func keep(_ known: KnownIdentity) {
        if known.number > 0 { identities[Int(known.number % UInt64(Self.identitiesMax))] = known }
    }

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

    static func hashed(_ text: String, with hash: KeyedHash) -> [UInt8] {
        var output: [UInt8] = []
        output.append("\"hmac-sha256:" as StaticString)
        Array(text.utf8).withUnsafeBytes { hash.appendHex(of: $0, to: &output) }
        output.append(UInt8(ascii: "\""))
        return output
    }

    /// `"hmac-sha256:…"` of these bytes.
    mutating func hashed(_ bytes: UnsafeRawBufferPointer) {
        output.append("\"hmac-sha256:" as StaticString)
        recent.appendHex(of: bytes, with: hash, to: &output)
        output.append(UInt8(ascii: "\""))
    }

    mutating func hashed(_ text: String) {
        var text = text
        text.withUTF8 { hashed(UnsafeRawBufferPointer($0)) }
    }

    mutating func hashed(_ value: Bool) { output.append(contentsOf: value ? hashedTrue : hashedFalse) }

    mutating func hashedOnce(_ secret: String) {
        if let entry = known.first(where: { $0.secret == secret }) { return output.append(contentsOf: entry.text) }
        let text = Self.hashed(secret, with: hash)
        if known.count < Self.knownMax { known.append((secret, text)) }
        output.append(contentsOf: text)
    }

    mutating func clear(_ text: String) { JSON.encode(text, into: &output) }

    // MARK: Members

    mutating func comma() { output.append(UInt8(ascii: ",")) }

    /// The name comes as `"name":` with its comma where one is due.
    mutating func member(_ name: StaticString, clear value: String?) {
        guard let value else { return }
        output.append(name)
        clear(value)
    }

    mutating func member(_ name: StaticString, number value: Int?) {
        guard let value else { return }
        output.append(name)
        output.append(decimal: value)
    }

    mutating func member(_ name: StaticString, secret value: String?) {
        guard let value, !value.isEmpty else { return }
        output.append(name)
        hashedOnce(value)
    }

    mutating func member(_ name: StaticString, accessor value: String?) {
        guard let value, !value.isEmpty else { return }
        output.append(name)
        if options.hashesAccessors { hashedOnce(value) } else { clear(value) }
    }

    mutating func member(_ name: StaticString, list values: [String]) {
        guard !values.isEmpty else { return }
        output.append(name)
        output.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { comma() }
            clear(value)
        }
        output.append(UInt8(ascii: "]"))
    }

    mutating func member(_ name: StaticString, time value: Timestamp?) {
        guard let value else { return }
        output.append(name)
        output.append(UInt8(ascii: "\""))
        time.append(value, to: &output)
        output.append(UInt8(ascii: "\""))
    }
}
