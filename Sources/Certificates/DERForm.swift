package import SwiftASN1

/// Why bytes were refused. It holds nothing of them, since they may be those of a private key.
package enum DERFormError: Error, Sendable {
    /// There are more than ``DERForm/bytesMax``.
    case tooLong
    /// They are not DER, or not that of the structure that was asked for, or something follows it.
    case malformed
}

package enum DERForm {
    /// The longest structure that is read, in bytes. SwiftASN1 makes a node of about a hundred bytes for each element, and an
    /// element may be as short as two bytes, so memory is bounded by this number, and the stack by its limit of 50 levels.
    package static let bytesMax = 256 << 10

    /// Returns whether `bytes` are one DER structure of any kind, with nothing behind it.
    package static func isWhole(_ bytes: [UInt8]) -> Bool { bytes.count <= bytesMax && (try? DER.parse(bytes)) != nil }
}

extension DERParseable {
    /// Reads the one structure that `der` holds, and nothing else.
    package init(der: ArraySlice<UInt8>) throws(DERFormError) {
        guard der.count <= DERForm.bytesMax else { throw .tooLong }
        do { try self.init(derEncoded: der) } catch { throw .malformed }
    }

    /// Reads the one structure that `der` holds, and nothing else.
    package init(der: [UInt8]) throws(DERFormError) { try self.init(der: der[...]) }
}

extension DERSerializable {
    /// The structure as DER.
    package var der: [UInt8] {
        var serializer = DER.Serializer()
        // A serializer has no way to fail; only a type that cannot be written throws, and this room has none.
        do { try serializer.serialize(self) } catch { fatalError("a structure that cannot be written as DER: \(type(of: self))") }
        return serializer.serializedBytes
    }
}
