import Glibc

/// Divides lines into datagrams.
///
/// A line that fits is one datagram, with its newline. A longer line is divided into parts, each of which begins with a head
/// that names its line and position, such as `part 2/5 of 17: `. The parts joined without their heads are the line.
enum Datagrams {
    /// The number of parts of one line. 240 parts of 60,000 bytes are enough for the longest line that a record can become.
    static let partsMax = 400

    /// Calls `send` for each datagram until it returns an error number, which is then the result. Returns 0 if all were sent,
    /// or `EMSGSIZE` if a line has too many parts.
    static func each(
        in lines: UnsafeRawBufferPointer, bytesMax: Int, send: (_ head: [UInt8], _ piece: UnsafeRawBufferPointer) -> Int32
    ) -> Int32 {
        var start = 0
        while start < lines.count {
            let end = lines[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? lines.count
            let number = line(UnsafeRawBufferPointer(rebasing: lines[start..<end]), bytesMax, send: send)
            guard number == 0 else { return number }
            start = end
        }
        return 0
    }

    private static func line(
        _ line: UnsafeRawBufferPointer, _ bytesMax: Int, send: ([UInt8], UnsafeRawBufferPointer) -> Int32
    ) -> Int32 {
        guard line.count > bytesMax else { return send([], line) }
        let parts = (line.count + bytesMax - 1) / bytesMax
        guard parts <= partsMax else { return EMSGSIZE }
        let sequence = String(
            decoding: line.dropFirst("{\"seq\":".utf8.count).prefix { $0 != UInt8(ascii: ",") }.prefix(20), as: UTF8.self)
        for part in 0..<parts {
            let piece = line[part * bytesMax..<min(line.count, (part + 1) * bytesMax)]
            let head = Array("part \(part + 1)/\(parts) of \(sequence): ".utf8)
            let number = send(head, UnsafeRawBufferPointer(rebasing: piece))
            guard number == 0 else { return number }
        }
        return 0
    }
}
