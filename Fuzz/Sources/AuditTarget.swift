import Audit
import SecretMemory

private let deviceKey = SecretBytes(Array(repeating: 7 as UInt8, count: 32))

/// Any bytes get a verdict. Without the key nobody can write a line that verifies.
func fuzzAuditVerifier(_ bytes: UnsafeRawBufferPointer) {
    let verdict = AuditVerifier.verify(Array(bytes), keys: .device(deviceKey))
    precondition(verdict.finding != nil || bytes.isEmpty, "a forged file was believed")
    var pieces = AuditVerifier(keys: .device(deviceKey))
    let middle = bytes.count / 2
    if pieces.feed(UnsafeRawBufferPointer(rebasing: bytes[..<middle])) {
        _ = pieces.feed(UnsafeRawBufferPointer(rebasing: bytes[middle...]))
    }
    precondition(pieces.finish().finding == verdict.finding, "the verdict depends on how the file was read")
}
