public import Glibc

/// A lock that a running thread may take before the threads that sleep for it.
///
/// `Synchronization.Mutex` hands itself to the next sleeper on Linux, so that under load each write costs a switch of
/// threads. Held across `write(2)`, that made eight threads several times slower than one, and where there are more
/// threads than cores even a short section is now and then left by a thread that was put aside in it.
///
/// Public, because the compiler specializes no `package` function for another module: each use would call the generic one, and the
/// caches that every request asks are in other modules.
public final class UnfairLock<Value: Sendable>: @unchecked Sendable {  // `value` is touched only between lock and unlock.
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
    // Apart, for the runtime would look for overlapping accesses of a member, which the lock rules out.
    @usableFromInline let value: UnsafeMutablePointer<Value>

    /// Creates a lock that guards `value`.
    public init(_ value: Value) {
        self.value = .allocate(capacity: 1)
        self.value.initialize(to: value)
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    /// Runs `body` with the guarded value while no other thread can reach it, and returns its result.
    @inlinable public func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }
}
