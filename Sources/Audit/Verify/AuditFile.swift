import Glibc

/// Reads audit files of any size piece by piece.
package enum AuditFile {
    private static let chunkBytes = 256 << 10

    /// Passes the bytes of a file to `body` in order, until it returns false.
    static func read(_ path: String, _ body: (UnsafeRawBufferPointer) -> Bool) throws(AuditError) {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .unavailable("open \(path): \(SystemError.text(errno))") }
        defer { _ = Glibc.close(file) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(file, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unavailable("read \(path): \(SystemError.text(errno))") }
            guard count > 0, body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }

    /// Passes each line of a file, without its newline, to `body` until it returns false. Lines longer than an audit line can
    /// be are skipped.
    package static func lines(_ path: String, _ body: (UnsafeRawBufferPointer) -> Bool) throws(AuditError) {
        var partial: [UInt8] = []
        var (isTooLong, isWanted) = (false, true)
        try read(path) { bytes in
            var rest = bytes[...]
            while isWanted, let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let piece = rest[..<newline]
                if !isTooLong, partial.isEmpty {
                    isWanted = body(UnsafeRawBufferPointer(rebasing: piece))
                } else if !isTooLong, partial.count + piece.count <= ChainLine.bytesMax {
                    partial.append(contentsOf: piece)
                    isWanted = partial.withUnsafeBytes(body)
                }
                partial.removeAll(keepingCapacity: true)
                isTooLong = false
                rest = rest[(newline + 1)...]
            }
            if isTooLong || partial.count + rest.count > ChainLine.bytesMax {
                (isTooLong, partial) = (true, [])
            } else {
                partial.append(contentsOf: rest)
            }
            return isWanted
        }
        if isWanted, !isTooLong, !partial.isEmpty { _ = partial.withUnsafeBytes(body) }
    }
}
