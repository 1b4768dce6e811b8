import Crypto
import FoundationEssentials

/// A digest that was computed before, perhaps by the caller.
struct RawDigest: Digest {
    static let byteCount = 28

    let bytes: [UInt8]

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes(body)
    }

    func makeIterator() -> Array<UInt8>.Iterator { bytes.makeIterator() }
    var description: String { "digest" }
}
