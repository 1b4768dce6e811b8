import Ciphers

/// Where a record lives. It is authenticated with the record, so that a copy at another place, under another owner
/// or with another version does not open. `docs/formats/barrier.md` gives the bytes.
struct RecordContext {
    /// 16 bytes, chosen at initialisation.
    var instance: [UInt8]
    /// Empty until owners have records of their own.
    var owner = ""
    var key: String
    var version: UInt64

    /// Calls `body` with the associated data of a record sealed under `keyID`.
    func withAssociatedData<Result>(
        keyID: UInt32, _ body: (UnsafeRawBufferPointer) throws(CipherError) -> Result
    ) throws(CipherError) -> Result {
        let fieldBytes = Envelope.mark.count + instance.count + owner.utf8.count + 2 * key.utf8.count + 8 + 4
        return try withUnsafeTemporaryAllocation(byteCount: 7 * 4 + fieldBytes, alignment: 1) { buffer throws(CipherError) in
            var writer = FieldWriter(buffer)
            writer.field(Envelope.mark)
            writer.field(instance)
            writer.field(Self.place(key))
            writer.field(owner.utf8)
            writer.field(key.utf8)
            writer.field(version)
            writer.field(keyID)
            return try body(writer.written)
        }
    }

    /// The mount of a key: its first two folders, or as many as it has.
    static func place(_ key: String) -> Substring.UTF8View {
        let utf8 = key.utf8
        var end = utf8.startIndex
        for folder in 0..<2 {
            let start = folder == 0 ? end : utf8.index(after: end)
            guard let slash = utf8[start...].firstIndex(of: UInt8(ascii: "/")) else { break }
            end = slash
        }
        return key[..<end].utf8
    }
}
