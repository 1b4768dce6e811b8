import Foundation
import TestSupport
import Testing

/// What a bad disk does to the index of a SQLite store.
enum IndexDamage {
    /// Flips one bit of a key whose text holds `name`, in a page that holds keys and no values: the index's.
    static func flip(_ directory: TemporaryDirectory, seed: UInt64, in name: String) throws {
        var random = SplitMix64(seed: seed)
        let url = URL(filePath: directory.file("coffer.db"))
        var bytes = [UInt8](try Data(contentsOf: url))
        let needle = Array(name.utf8)
        let pages = stride(from: 4_096, to: bytes.count, by: 4_096).filter { [0x02, 0x0A].contains(bytes[$0]) }
            .map { page in (page..<page + 4_096 - needle.count).filter { Array(bytes[$0..<$0 + needle.count]) == needle } }
            .filter { !$0.isEmpty }
        let places = try #require(pages.randomElement(using: &random))
        bytes[try #require(places.randomElement(using: &random))] ^= UInt8(1 << Int.random(in: 0..<7, using: &random))
        try Data(bytes).write(to: url)
    }
}
