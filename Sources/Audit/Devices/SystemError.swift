import Glibc

/// The system's words for an error number.
enum SystemError {
    /// glibc gives each thread its own buffer.
    static func text(_ number: Int32) -> String { strerror(number).map { String(cString: $0) } ?? "error \(number)" }
}
