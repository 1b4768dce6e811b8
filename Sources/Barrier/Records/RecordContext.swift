import Ciphers

/// What a stored value is bound to. It is authenticated with the value, so that a copy under another key, of another
/// owner or with another version does not decrypt. `docs/formats/barrier.md` specifies the bytes.
struct RecordContext {
    /// 16 bytes that identify the store.
    var instance: [UInt8]
    /// Reserved for records that belong to an owner. Empty today.
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

    /// Returns the first two folders of `key`, which identify its mount, or the whole folder if there are fewer.
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
