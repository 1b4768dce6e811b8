import Crypto
import FoundationEssentials

/// A digest whose bytes come from elsewhere: hashes that swift-crypto has not, and input that the caller hashed.
struct RawDigest: Digest {
    static let byteCount = 28

    let bytes: [UInt8]

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes(body)
    }

    func makeIterator() -> Array<UInt8>.Iterator { bytes.makeIterator() }
    var description: String { "digest" }
}
