import CSecretMemory

/// Whether the bytes are equal. The time depends only on their number, so that it does not reveal where the first
/// difference is. Lengths are not secret.
package func constantTimeEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    let quick = left.withContiguousStorageIfAvailable { a in
        right.withContiguousStorageIfAvailable { b in coffer_compare(a.baseAddress, b.baseAddress, a.count) == 0 }
    }
    if let quick, let equal = quick { return equal }
    return constantTimeEqual(Array(left), Array(right))
}

/// Overwrites the bytes of an array with zeros. If another array shares its buffer, that one keeps the bytes.
package func zero(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { coffer_zero($0.baseAddress, $0.count) }
}
