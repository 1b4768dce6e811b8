import Glibc

/// Cuts lines into messages.
///
/// A line that fits is one message, with its newline. A longer one becomes parts in order, each with a head that says which
/// line and which part it is: `part 2/5 of 17: …`. Joined without their heads they are the line.
enum Datagrams {
    /// 240 parts of 60,000 bytes hold any line that a record can become.
    static let partsMax = 400

    /// Calls `send` for each message until it gives anything but 0, which is then the result. `EMSGSIZE` for a line of too
    /// many parts.
    static func each(
        in lines: UnsafeRawBufferPointer, bytesMax: Int, _ send: (_ head: [UInt8], _ piece: UnsafeRawBufferPointer) -> Int32
    ) -> Int32 {
        var start = 0
        while start < lines.count {
            let end = lines[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? lines.count
            let number = line(UnsafeRawBufferPointer(rebasing: lines[start..<end]), bytesMax, send)
            guard number == 0 else { return number }
            start = end
        }
        return 0
    }

    private static func line(
        _ line: UnsafeRawBufferPointer, _ bytesMax: Int, _ send: ([UInt8], UnsafeRawBufferPointer) -> Int32
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
