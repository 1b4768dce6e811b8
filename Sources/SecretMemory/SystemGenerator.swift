import CSecretMemory

/// The operating system's random numbers, in one call however many bytes.
package enum SystemGenerator {
    /// False when the system gives none.
    package static func fill(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        bytes.isEmpty || coffer_random(bytes.baseAddress, bytes.count) == 0
    }
}
