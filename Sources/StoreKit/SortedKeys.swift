import EngineKit

/// Keys in byte order, in chunks small enough to insert into: a million keys need no sorting for a page.
struct SortedKeys {
    struct Position {
        fileprivate var chunk: Int
        fileprivate var offset: Int
    }

    // No chunk is empty.
    private var chunks: [[String]] = []
    private static let chunkMax = 512

    /// The key must not be there yet.
    mutating func insert(_ key: String) {
        guard !chunks.isEmpty else {
            chunks.append([key])
            return
        }
        var chunk = max(Self.partition(chunks.count) { chunks[$0][0].compareBytes(to: key) > 0 } - 1, 0)
        if chunks[chunk].count >= Self.chunkMax {
            // A full last chunk stays full while keys arrive in order.
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

    /// The key must be there.
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

    /// Nil behind the last key.
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

    /// The first index for which `isBehind` holds, when it holds for all that follow.
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
