#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where a command reads from: files and the standard input, each up to a bound.
package struct Input: Sendable {
    package static let bytesMax = 32 << 20

    private let readInput: @Sendable () -> [UInt8]?

    /// - Parameter readInput: the whole standard input; nil when it cannot be read or is too large.
    package init(readInput: @escaping @Sendable () -> [UInt8]?) { self.readInput = readInput }

    static func standard() -> Input { Input { read(descriptor: STDIN_FILENO) } }

    func standardInput() throws(CommandFailure) -> [UInt8] {
        guard let bytes = readInput() else {
            throw .local("The standard input cannot be read, or is larger than \(Self.bytesMax >> 20) MiB")
        }
        return bytes
    }

    func file(_ path: String) throws(CommandFailure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .local("Cannot open \(path): \(Self.reason(errno))") }
        defer { close(descriptor) }
        guard let bytes = Self.read(descriptor: descriptor) else {
            throw .local("Cannot read \(path): it is not a file that can be read, or is larger than \(Self.bytesMax >> 20) MiB")
        }
        return bytes
    }

    /// The text of a file, or of the standard input for `-`.
    func text(of argument: String) throws(CommandFailure) -> String {
        argument == "-"
            ? try Self.text(standardInput(), named: "the standard input") : try Self.text(file(argument), named: argument)
    }

    static func text(_ bytes: [UInt8], named name: String) throws(CommandFailure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .local("\(name) is not UTF-8 text; encode it first, such as with `base64`")
        }
        return text
    }

    static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

    private static func read(descriptor: Int32) -> [UInt8]? {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, &buffer, buffer.count)
            #elseif canImport(Musl)
                let count = Musl.read(descriptor, &buffer, buffer.count)
            #else
                let count = Darwin.read(descriptor, &buffer, buffer.count)
            #endif
            if count < 0, errno == EINTR { continue }
            guard count >= 0, result.count + count <= bytesMax else { return nil }
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }
}
