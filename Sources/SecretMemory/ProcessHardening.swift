import CSecretMemory

/// What the operating system can do to keep secrets inside the process.
package enum ProcessHardening {
    /// No core dumps, no `ptrace` by other processes of the same user. False when the system refused.
    package static func forbidInspection() -> Bool { coffer_harden_process() == 0 }

    /// Keeps memory out of swap (`mlockall`). False when the memory-lock limit is too small.
    package static func lockMemory() -> Bool { coffer_lock_memory() == 0 }
}
