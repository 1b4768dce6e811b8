import Crypto
import Glibc
import Syntax

/// Reads the first and last line of an audit file, and removes an incomplete last line.
enum FileTail {
    private static let chunkBytes = 64 << 10

    /// Returns what the file contains, after removing an incomplete last line.
    static func read(_ file: Int32, path: String) throws(AuditDeviceError) -> DeviceContents {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("stat", path) }
        var contents = DeviceContents()
        contents.fileBytes = UInt64(status.st_size)
        guard contents.fileBytes > 0 else { return contents }
        let size = contents.fileBytes
        let floor = size > UInt64(ChainLine.bytesMax) ? size - UInt64(ChainLine.bytesMax) : 0
        let whole = newline(file, before: size, notBelow: floor).map { $0 + 1 } ?? 0
        if whole < size {
            // Without any newline it is the incomplete first line of a new file, or not an audit file.
            guard whole > 0 || (floor == 0 && bytes(file, 0..<min(7, size)) == Array("{\"seq\":".utf8)) else {
                contents.isForeign = true
                return contents
            }
            contents.repair = try cut(file, from: whole, size: size, path: path)
            contents.fileBytes = whole
        }
        guard whole > 0 else { return contents }
        contents.lastLine = line(file, endingAt: whole)
        contents.firstLine = firstLine(file, size: whole)
        return contents
    }

    /// Returns the line that ends at an offset, without its newline, or nil if no line of acceptable length ends there.
    static func line(_ file: Int32, endingAt offset: UInt64) -> [UInt8]? {
        guard offset > 1, bytes(file, offset - 1..<offset) == [UInt8(ascii: "\n")] else { return nil }
        let floor = offset > UInt64(ChainLine.bytesMax) ? offset - UInt64(ChainLine.bytesMax) : 0
        let start = newline(file, before: offset - 1, notBelow: floor).map { $0 + 1 } ?? floor
        guard start == 0 || bytes(file, start - 1..<start) == [UInt8(ascii: "\n")] else { return nil }
        return bytes(file, start..<offset - 1)
    }

    /// Returns the first line, which is the short header of a segment, or nil if it is too long to be one.
    private static func firstLine(_ file: Int32, size: UInt64) -> [UInt8]? {
        guard let start = bytes(file, 0..<min(UInt64(chunkBytes), size)) else { return nil }
        return start.firstIndex(of: UInt8(ascii: "\n")).map { Array(start[..<$0]) }
    }

    /// Truncates the file and returns what was removed.
    private static func cut(_ file: Int32, from start: UInt64, size: UInt64, path: String) throws(AuditDeviceError)
        -> DeviceContents.Repair
    {
        var hash = SHA256()
        var position = start
        while position < size {
            let end = min(size, position + UInt64(chunkBytes))
            guard let piece = bytes(file, position..<end) else { throw failure("read", path) }
            hash.update(data: piece)
            position = end
        }
        guard ftruncate(file, off_t(start)) == 0 else { throw failure("truncate", path) }
        return .init(removedBytes: size - start, removedSHA256: Hex.encode(hash.finalize()))
    }

    /// Returns the offset of the last newline before `end`, or nil if there is none at or above `floor`.
    private static func newline(_ file: Int32, before end: UInt64, notBelow floor: UInt64) -> UInt64? {
        var end = end
        while end > floor {
            let start = max(floor, end > UInt64(chunkBytes) ? end - UInt64(chunkBytes) : 0)
            guard let piece = bytes(file, start..<end) else { return nil }
            if let index = piece.lastIndex(of: UInt8(ascii: "\n")) { return start + UInt64(index) }
            end = start
        }
        return nil
    }

    /// Returns exactly these bytes, or nil if they cannot be read.
    private static func bytes(_ file: Int32, _ range: Range<UInt64>) -> [UInt8]? {
        let wanted = Int(range.upperBound - range.lowerBound)
        var position = 0
        let result = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
            while position < wanted {
                let count = pread(
                    file, UnsafeMutableRawPointer(buffer.baseAddress!) + position, wanted - position,  // Capacity is not 0 here.
                    off_t(range.lowerBound) + off_t(position))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                position += count
            }
            initialized = position
        }
        return result.count == wanted ? result : nil
    }

    private static func failure(_ verb: String, _ path: String) -> AuditDeviceError {
        AuditDeviceError(reason: "\(verb) \(path): \(SystemError.text(errno))", isClean: true)
    }
}
