import EngineKit
import Records
import Syntax

/// What entities and groups have in common: an id, under which their record is stored, and a name that no other of the same kind
/// has.
protocol IdentityMember: Record {
    /// `entity` or `group`, with which keys, messages and generated names begin.
    static var kind: String { get }

    var id: String { get set }
    var name: String { get set }
    var createdAt: Timestamp { get set }
    var updatedAt: Timestamp { get set }

    /// Creates one without id and name.
    init()

    /// Reads a stored record. Returns nil if it cannot be read.
    init?(id: String, encoded bytes: [UInt8])

    /// Returns the member with this id, or nil if there is none.
    static func find(_ id: String, in transaction: inout IdentityTransaction) async throws(StorageError) -> Self?
}

extension IdentityMember {
    /// The record as it is stored.
    func encoded() -> [UInt8] { stored.encoded() }
}

/// Which entity or group an operation is about.
enum IdentityTarget: Sendable {
    /// An existing one.
    case id(String)
    /// The one with this name, which a write creates if there is none.
    case name(String)
    /// The one with the name in the changes, or a new one.
    case any
}
