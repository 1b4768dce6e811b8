import CSecretMemory

/// Random bytes of the operating system.
package enum SystemGenerator {
    /// Fills `bytes`. Returns false if the system has no randomness.
    package static func fill(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        bytes.isEmpty || coffer_random(bytes.baseAddress, bytes.count) == 0
    }
}
