import EngineKit

/// Keys in byte order, in chunks that are small enough to insert into, so that a page needs no sorting.
struct SortedKeys {
    struct Position {
        fileprivate var chunk: Int
        fileprivate var offset: Int
    }

    // No chunk is empty.
    private var chunks: [[String]] = []
    private static let chunkMax = 512

    /// Adds a key that is not present.
    mutating func insert(_ key: String) {
        guard !chunks.isEmpty else {
            chunks.append([key])
            return
        }
        var chunk = max(Self.partition(chunks.count) { chunks[$0][0].compareBytes(to: key) > 0 } - 1, 0)
        if chunks[chunk].count >= Self.chunkMax {
            // A full last chunk is not split if keys arrive in order.
            let isAppend = chunk == chunks.count - 1 && chunks[chunk][Self.chunkMax - 1].compareBytes(to: key) < 0
            let kept = isAppend ? Self.chunkMax : Self.chunkMax / 2
            chunks.insert(Array(chunks[chunk][kept...]), at: chunk + 1)
            chunks[chunk].removeSubrange(kept...)
            if isAppend {
                chunks[chunk + 1].append(key)
                return
            }
            if chunks[chunk + 1][0].compareBytes(to: key) < 0 { chunk += 1 }
        }
        chunks[chunk].insert(key, at: offset(of: key, in: chunk, orAfter: false))
    }

    /// Removes a key that is present.
    mutating func remove(_ key: String) {
        let position = lowerBound(.from(key))
        chunks[position.chunk].remove(at: position.offset)
        if chunks[position.chunk].isEmpty {
            chunks.remove(at: position.chunk)
        } else if position.chunk > 0, chunks[position.chunk].count + chunks[position.chunk - 1].count <= Self.chunkMax / 2 {
            chunks[position.chunk - 1] += chunks.remove(at: position.chunk)
        }
    }

    func lowerBound(_ bound: ListingPage.Bound) -> Position {
        let (key, isExclusive) =
            switch bound {
            case .from(let key): (key, false)
            case .after(let key): (key, true)
            }
        let chunk = max(Self.partition(chunks.count) { chunks[$0][0].compareBytes(to: key) > 0 } - 1, 0)
        guard chunk < chunks.count else { return Position(chunk: 0, offset: 0) }
        return normalized(Position(chunk: chunk, offset: offset(of: key, in: chunk, orAfter: isExclusive)))
    }

    /// Returns the key at a position, or nil at the end.
    func key(at position: Position) -> String? {
        position.chunk < chunks.count ? chunks[position.chunk][position.offset] : nil
    }

    func position(after position: Position) -> Position {
        normalized(Position(chunk: position.chunk, offset: position.offset + 1))
    }

    private func normalized(_ position: Position) -> Position {
        position.offset < chunks[position.chunk].count ? position : Position(chunk: position.chunk + 1, offset: 0)
    }

    private func offset(of key: String, in chunk: Int, orAfter isExclusive: Bool) -> Int {
        let keys = chunks[chunk]
        return Self.partition(keys.count) { index in
            let order = keys[index].compareBytes(to: key)
            return isExclusive ? order > 0 : order >= 0
        }
    }

    /// Returns the first index for which `isBehind` is true. It must be true for all later ones.
    private static func partition(_ count: Int, _ isBehind: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if isBehind(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
