package import SwiftASN1

/// Why bytes are not the DER of a structure. The error contains nothing of them, because they may be a private key.
package enum DERFormError: Error, Sendable {
    /// There are more than ``DERForm/bytesMax`` bytes.
    case tooLong
    /// The bytes are not DER, are another structure, or are followed by further bytes.
    case malformed
}

/// The checks that every DER structure must pass.
package enum DERForm {
    /// The largest structure that is read, in bytes. SwiftASN1 allocates about a hundred bytes for each element, and an
    /// element may have only two bytes, so this number bounds the memory. The depth of the stack is bounded by SwiftASN1's
    /// limit of 50 levels.
    package static let bytesMax = 256 << 10

    /// Whether `bytes` are exactly one DER structure of any kind.
    package static func isWhole(_ bytes: [UInt8]) -> Bool { bytes.count <= bytesMax && (try? DER.parse(bytes)) != nil }
}

extension DERParseable {
    /// Reads the structure from bytes that contain nothing else.
    package init(der: ArraySlice<UInt8>) throws(DERFormError) {
        guard der.count <= DERForm.bytesMax else { throw .tooLong }
        do { try self.init(derEncoded: der) } catch { throw .malformed }
    }

    /// Reads the structure from bytes that contain nothing else.
    package init(der: [UInt8]) throws(DERFormError) { try self.init(der: der[...]) }
}

extension DERSerializable {
    /// The structure as DER.
    package var der: [UInt8] {
        var serializer = DER.Serializer()
        // Writing fails only for types that have no DER form, and this room has none.
        do { try serializer.serialize(self) } catch { fatalError("a structure that cannot be written as DER: \(type(of: self))") }
        return serializer.serializedBytes
    }
}
