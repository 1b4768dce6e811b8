import Crypto
import Syntax
import Testing
@testable import OneTimeCodes

@Suite("QR codes")
struct QRCodeTests {
    /// The bytes that each version holds at level M (ISO/IEC 18004, Table 7).
    private static let capacities = [
        14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911, 997,
        1_059,
        1_125, 1_190, 1_264, 1_370, 1_452, 1_538, 1_628, 1_722, 1_809, 1_911, 1_989, 2_099, 2_213, 2_331,
    ]

    private func content(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(ascii: "a") + UInt8($0 % 26) } }

    private func text(_ code: QRCode) -> [UInt8] {
        (0..<code.side).flatMap { row in (0..<code.side).map { code[row, $0] ? UInt8(ascii: "1") : UInt8(ascii: "0") } }
    }

    @Test("all 40 versions, filled, with all 8 masks are module for module those of another encoder (segno 1.6.6)")
    func symbols() {
        var hash = SHA256()
        for (index, capacity) in Self.capacities.enumerated() {
            for mask in 0..<8 { hash.update(data: text(QRCode(content(capacity), version: index + 1, mask: mask))) }
        }
        #expect(Hex.encode(hash.finalize()) == "48aae0914d92c3fd2c8f47ad79ce6b53918830ff9f90eab4c4f55b7c0a107f92")
    }

    @Test("the smallest version that holds the content is taken, and no content beyond the largest")
    func sizes() throws {
        for (index, capacity) in Self.capacities.enumerated() where index % 5 == 0 {
            #expect(try #require(QRCode(content(capacity))).side == 21 + 4 * index)
        }
        #expect(try #require(QRCode(content(15))).side == 25)
        #expect(QRCode([])?.side == 21)
        #expect(QRCode(content(2_332)) == nil)
    }

    @Test("the picture has whole modules, a light border, and the size that was asked for", arguments: [0, 29, 200, 333])
    func pictures(pixels: Int) throws {
        let code = try #require(QRCode(content(14)))
        let png = PNGReader(code.png(pixels: pixels))
        let size = max(29, pixels)
        #expect(png.width == size && png.height == size)
        let scale = size / 29
        let offset = (size - 21 * scale) / 2
        #expect(offset >= 4 * scale)
        for y in 0..<size {
            for x in 0..<size {
                let isInside = y >= offset && x >= offset && y < offset + 21 * scale && x < offset + 21 * scale
                let isDark = isInside && code[(y - offset) / scale, (x - offset) / scale]
                #expect(png.isDark(y, x) == isDark)
            }
        }
    }

    @Test("the drawing has a square for each dark module")
    func drawing() throws {
        let code = try #require(QRCode(content(14)))
        let svg = code.svg(pixels: 200)
        #expect(
            svg.utf8.starts(with: #"<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200" viewBox="0 0 29 29""#.utf8))
        #expect(svg.components(of: "h1v1h-1z") == text(code).count { $0 == UInt8(ascii: "1") })
    }
}

extension String {
    fileprivate func components(of mark: String) -> Int { split(separator: mark, omittingEmptySubsequences: false).count - 1 }
}

/// Reads the pictures that the encoder writes: one bit for a pixel, stored.
private struct PNGReader {
    var width = 0
    var height = 0
    private var rows: [UInt8] = []

    init(_ file: [UInt8]) {
        #expect(file.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        var position = 8
        var types: [String] = []
        while position < file.count {
            let count = Self.number(file[position..<position + 4])
            let content = file[position + 8..<position + 8 + count]
            let type = String(decoding: file[position + 4..<position + 8], as: UTF8.self)
            types.append(type)
            if type == "IHDR" {
                width = Self.number(content.prefix(4))
                height = Self.number(content.dropFirst(4).prefix(4))
                #expect(Array(content.suffix(5)) == [1, 0, 0, 0, 0])
            }
            if type == "IDAT" { inflate(Array(content)) }
            position += 12 + count
        }
        #expect(types == ["IHDR", "IDAT", "IEND"])
    }

    private mutating func inflate(_ stream: [UInt8]) {
        #expect((Int(stream[0]) << 8 | Int(stream[1])) % 31 == 0)
        var position = 2
        while true {
            let count = Int(stream[position + 1]) | Int(stream[position + 2]) << 8
            #expect(count ^ 0xFFFF == Int(stream[position + 3]) | Int(stream[position + 4]) << 8)
            rows += stream[position + 5..<position + 5 + count]
            let isLast = stream[position] == 1
            position += 5 + count
            if isLast { break }
        }
        #expect(position + 4 == stream.count)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    func isDark(_ y: Int, _ x: Int) -> Bool { rows[y * (1 + (width + 7) / 8) + 1 + x / 8] >> (7 - UInt8(x % 8)) & 1 == 0 }
}
