public import Glibc

/// A lock that a running thread may take before threads that are waiting for it.
///
/// On Linux, `Synchronization.Mutex` passes itself to the next waiting thread, so that under load each use costs a
/// thread switch. Held during a `write(2)`, that made eight threads several times slower than one. With more threads
/// than cores, a thread is sometimes suspended within even a short section, and all others then wait for it.
///
/// The type is public because the compiler does not specialize `package` functions for other modules: each use would
/// call the generic function, and the caches that every request uses are in other modules.
public final class UnfairLock<Value: Sendable>: @unchecked Sendable {  // `value` is touched only between lock and unlock.
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
    // Allocated separately, because the runtime would check for overlapping accesses to a stored property, which the
    // lock excludes.
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
