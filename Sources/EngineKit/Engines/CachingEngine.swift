/// An engine that keeps open what it read from its records, and knows to forget it when another node changed them.
///
/// One that compares versions with the stored record each time needs no word of it.
package protocol CachingEngine: Engine {
    /// Keys are those of the mount's slice. When it returns, nothing read before counts, and what is being read now will
    /// not be kept.
    func drop(_ change: StorageChange)
}
