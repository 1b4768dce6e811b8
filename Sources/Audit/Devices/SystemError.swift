import Glibc

/// The system's messages for error numbers.
enum SystemError {
    /// Returns the message for an error number. The C library has a separate buffer for each thread, so concurrent calls are
    /// safe.
    static func text(_ number: Int32) -> String { strerror(number).map { String(cString: $0) } ?? "error \(number)" }
}
