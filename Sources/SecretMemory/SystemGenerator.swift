import CSecretMemory

/// The random generator of the operating system.
package enum SystemGenerator {
    /// Fills `bytes` with random bytes. Returns false if the system provides none.
    package static func fill(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        bytes.isEmpty || coffer_random(bytes.baseAddress, bytes.count) == 0
    }
}
