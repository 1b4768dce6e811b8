internal import Glibc

/// The sources that a command reads from: files and the standard input, each up to ``bytesMax``.
package struct Input: Sendable {
    /// The largest size of a file or of the standard input, in bytes: 32 MiB.
    package static let bytesMax = 32 << 20

    private let readInput: @Sendable () -> [UInt8]?

    /// Creates an input.
    ///
    /// - Parameter readInput: Returns the whole standard input, or nil if it cannot be read or is too large.
    package init(readInput: @escaping @Sendable () -> [UInt8]?) { self.readInput = readInput }

    static func standard() -> Input { Input { read(descriptor: STDIN_FILENO) } }

    /// Returns the whole standard input.
    func standardInput() throws(CommandFailure) -> [UInt8] {
        guard let bytes = readInput() else {
            throw .local("Cannot read the standard input, or it is larger than \(Self.bytesMax >> 20) MiB")
        }
        return bytes
    }

    /// Returns the content of a file.
    func file(_ path: String) throws(CommandFailure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .local("Cannot open \(path): \(Self.reason(errno))") }
        defer { close(descriptor) }
        guard let bytes = Self.read(descriptor: descriptor) else {
            throw .local("Cannot read \(path): it is not a readable file, or it is larger than \(Self.bytesMax >> 20) MiB")
        }
        return bytes
    }

    /// Returns the text of a file, or of the standard input for `-`.
    func text(of argument: String) throws(CommandFailure) -> String {
        argument == "-"
            ? try Self.text(standardInput(), named: "the standard input") : try Self.text(file(argument), named: argument)
    }

    /// Returns bytes as text. `name` is the file that they come from, for the error message.
    static func text(_ bytes: [UInt8], named name: String) throws(CommandFailure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .local("\(name) is not UTF-8 text. Encode it first, for example with `base64`.")
        }
        return text
    }

    /// Returns the system's description of an error number.
    static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

    private static func read(descriptor: Int32) -> [UInt8]? {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0, result.count + count <= bytesMax else { return nil }
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }
}
