/// Pictures of a QR code. Both have the light border of four modules that readers need.
extension QRCode {
    private static let border = 4

    /// Returns the picture as PNG (ISO/IEC 15948) in black and white, with `pixels` on a side, or as many as there are modules if
    /// that is more. Modules have a whole number of pixels, and what is left over widens the border.
    package func png(pixels: Int) -> [UInt8] {
        let modules = side + 2 * Self.border
        let size = max(pixels, modules)
        let scale = size / modules
        let offset = (size - scale * side) / 2
        var rows: [UInt8] = []
        rows.reserveCapacity(size * (size / 8 + 2))
        for y in 0..<size {
            rows.append(0)  // The row's filter: none.
            var row = [UInt8](repeating: 0xFF, count: (size + 7) / 8)
            for x in 0..<size where isDark(y - offset, x - offset, scale: scale) { row[x / 8] &= ~(0x80 >> UInt8(x % 8)) }
            rows += row
        }
        return PNG.file(width: size, height: size, rows: rows)
    }

    private func isDark(_ y: Int, _ x: Int, scale: Int) -> Bool { y >= 0 && x >= 0 && self[y / scale, x / scale] }

    /// Returns the picture as SVG with `pixels` on a side, which a browser draws at any size.
    package func svg(pixels: Int) -> String {
        let size = side + 2 * Self.border
        var path = ""
        for row in 0..<side {
            for column in 0..<side where self[row, column] { path += "M\(column + Self.border) \(row + Self.border)h1v1h-1z" }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(pixels)" height="\(pixels)" viewBox="0 0 \(size) \(size)" \
            shape-rendering="crispEdges"><path fill="#fff" d="M0 0h\(size)v\(size)H0z"/><path d="\(path)"/></svg>
            """
    }
}

/// The part of PNG that a picture in black and white needs. The pixels are stored, not compressed: they are few.
private enum PNG {
    static func file(width: Int, height: Int, rows: [UInt8]) -> [UInt8] {
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        // One bit for a pixel, in shades of gray; no interlacing.
        append("IHDR", bytes(UInt32(width)) + bytes(UInt32(height)) + [1, 0, 0, 0, 0], to: &file)
        append("IDAT", stored(rows), to: &file)
        append("IEND", [], to: &file)
        return file
    }

    private static func append(_ type: String, _ content: [UInt8], to file: inout [UInt8]) {
        let chunk = Array(type.utf8) + content
        file += bytes(UInt32(content.count)) + chunk + bytes(checksum(chunk))
    }

    private static func bytes(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    /// Returns a zlib stream (RFC 1950) of blocks that are not compressed (RFC 1951, 3.2.4).
    private static func stored(_ content: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var rest = content[...]
        repeat {
            let block = rest.prefix(0xFFFF)
            rest = rest.dropFirst(block.count)
            let count = UInt16(block.count)
            stream.append(rest.isEmpty ? 1 : 0)
            stream += [UInt8(count & 0xFF), UInt8(count >> 8), UInt8(~count & 0xFF), UInt8(~count >> 8)]
            stream += block
        } while !rest.isEmpty
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in content {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return stream + bytes(high << 16 | low)
    }

    /// Returns the CRC-32 of a chunk.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var result: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            result ^= UInt32(byte)
            for _ in 0..<8 { result = result & 1 == 1 ? result >> 1 ^ 0xEDB8_8320 : result >> 1 }
        }
        return ~result
    }
}
