import Audit
import SecretMemory

private let deviceKey = SecretBytes(Array(repeating: 7 as UInt8, count: 32))
/// What the seeds are sealed with, so that changed files get past the first line.
private let seedKey = SecretBytes(Array(repeating: 8 as UInt8, count: 32))

/// Any bytes get a verdict. Without the key nobody can write a line that verifies.
func fuzzAuditVerifier(_ bytes: UnsafeRawBufferPointer) {
    precondition(checkedVerdict(bytes, deviceKey).finding != nil || bytes.isEmpty, "a forged file was believed")
    _ = checkedVerdict(bytes, seedKey)
}

private func checkedVerdict(_ bytes: UnsafeRawBufferPointer, _ key: SecretBytes) -> AuditVerdict {
    let verdict = AuditVerifier.verify(Array(bytes), keys: .device(key))
    var pieces = AuditVerifier(keys: .device(key))
    let middle = bytes.count / 2
    if pieces.feed(UnsafeRawBufferPointer(rebasing: bytes[..<middle])) {
        _ = pieces.feed(UnsafeRawBufferPointer(rebasing: bytes[middle...]))
    }
    precondition(pieces.finish().finding == verdict.finding, "the verdict depends on how the file was read")
    return verdict
}
