import CSecretMemory

/// Protection of the memory of the process by the operating system.
package enum ProcessHardening {
    /// Forbids core dumps, and `ptrace` by other processes of the same user. Returns false if the system refuses.
    package static func forbidInspection() -> Bool { coffer_harden_process() == 0 }

    /// Keeps memory out of swap (`mlockall`). Returns false if the limit for locked memory is too small.
    package static func lockMemory() -> Bool { coffer_lock_memory() == 0 }
}
