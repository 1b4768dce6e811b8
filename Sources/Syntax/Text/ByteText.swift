// Text from outside is judged by its bytes.
//
// Swift's own `hasPrefix`, `split`, `dropLast`, `contains` and `firstIndex(of:)` work on grapheme clusters: `/` with a
// combining mark behind it is not "/", and a prepending letter (U+0D4E) swallows the mark that follows it. A policy, a path,
// a shell or a file system sees bytes, so a decision made on clusters disagrees with all of them. These do the same on UTF-8.
//
// Slices are cut only where an ASCII byte or a whole text ends, so they are valid UTF-8 whenever the text is.

extension StringProtocol {
    /// Whether the UTF-8 bytes begin with those of `prefix`.
    @inlinable
    public func hasUTF8Prefix(_ prefix: some StringProtocol) -> Bool {
        utf8.starts(with: prefix.utf8)
    }

    /// Whether two texts are the same bytes. `==` also takes two spellings of one character for equal.
    @inlinable
    public func equalsUTF8(_ other: some StringProtocol) -> Bool {
        utf8.elementsEqual(other.utf8)
    }

    /// Whether the bytes of `part` occur somewhere.
    @inlinable
    public func containsUTF8(_ part: some StringProtocol) -> Bool {
        rangeOfUTF8(part) != nil
    }

    /// Where the bytes of `part` occur first; an empty part is found at the start.
    @inlinable
    public func rangeOfUTF8(_ part: some StringProtocol) -> Range<Index>? {
        let bytes = utf8
        guard let head = part.utf8.first else { return startIndex..<startIndex }
        var start = bytes.startIndex
        while start < bytes.endIndex {
            if bytes[start] == head {
                var (here, there) = (start, part.utf8.startIndex)
                while there < part.utf8.endIndex, here < bytes.endIndex, bytes[here] == part.utf8[there] {
                    bytes.formIndex(after: &here)
                    part.utf8.formIndex(after: &there)
                }
                if there == part.utf8.endIndex { return start..<here }
            }
            bytes.formIndex(after: &start)
        }
        return nil
    }

    /// Where an ASCII byte stands first.
    @inlinable
    public func firstUTF8Index(of byte: Unicode.Scalar) -> Index? {
        utf8.firstIndex(of: UInt8(ascii: byte))
    }
}

extension StringProtocol where SubSequence == Substring, UTF8View: BidirectionalCollection {
    /// Whether the UTF-8 bytes end with those of `suffix`.
    @inlinable
    public func hasUTF8Suffix<S: StringProtocol>(_ suffix: S) -> Bool where S.UTF8View: BidirectionalCollection {
        let count = suffix.utf8.count
        return utf8.count >= count && utf8.suffix(count).elementsEqual(suffix.utf8)
    }

    /// Where an ASCII byte stands last.
    @inlinable
    public func lastUTF8Index(of byte: Unicode.Scalar) -> Index? {
        utf8.lastIndex(of: UInt8(ascii: byte))
    }

    /// What follows `prefix`, or nil when the text does not begin with it.
    @inlinable
    public func removingUTF8Prefix(_ prefix: some StringProtocol) -> Substring? {
        guard hasUTF8Prefix(prefix) else { return nil }
        return self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...]
    }

    /// What stands before `suffix`, or nil when the text does not end with it.
    @inlinable
    public func removingUTF8Suffix<S: StringProtocol>(_ suffix: S) -> Substring? where S.UTF8View: BidirectionalCollection {
        guard hasUTF8Suffix(suffix) else { return nil }
        return self[..<utf8.index(endIndex, offsetBy: -suffix.utf8.count)]
    }

    /// The text without its first bytes, which must be whole scalars: what a check for a prefix has found to be there.
    @inlinable
    public func dropFirstUTF8(_ count: Int = 1) -> Substring {
        self[(utf8.index(startIndex, offsetBy: count, limitedBy: endIndex) ?? endIndex)...]
    }

    /// The text without its last bytes, which must be whole scalars: what a check for a suffix has found to be there.
    @inlinable
    public func dropLastUTF8(_ count: Int = 1) -> Substring {
        self[..<(utf8.index(endIndex, offsetBy: -count, limitedBy: startIndex) ?? startIndex)]
    }

    /// At most so many bytes from the start, ending between two scalars. A grapheme cluster has no longest length, so
    /// `prefix` bounds nothing.
    @inlinable
    public func prefixUTF8(_ bytesMax: Int) -> Substring {
        guard let end = utf8.index(startIndex, offsetBy: bytesMax, limitedBy: endIndex) else { return self[...] }
        // A range that ends within a scalar is cut at its start.
        return self[..<end]
    }

    /// The bytes at the start for which `belongs` holds, which must be ASCII or whole scalars.
    @inlinable
    public func prefixUTF8(while belongs: (UInt8) -> Bool) -> Substring {
        self[..<(utf8.firstIndex { !belongs($0) } ?? endIndex)]
    }

    /// The text from the first byte on for which `isEdge` does not hold; those before it must be ASCII.
    @inlinable
    public func dropUTF8(while isEdge: (UInt8) -> Bool) -> Substring {
        self[(utf8.firstIndex { !isEdge($0) } ?? endIndex)...]
    }

    /// The text with every occurrence of `part` replaced, read from the start; an empty part is in no text.
    @inlinable
    public func replacingUTF8(_ part: some StringProtocol, with other: some StringProtocol) -> String {
        var (output, rest) = ("", self[...])
        while !part.isEmpty, let range = rest.rangeOfUTF8(part) {
            output += rest[..<range.lowerBound]
            output += other
            rest = rest[range.upperBound...]
        }
        return output + rest
    }

    /// The text without every leading and trailing `byte`.
    @inlinable
    public func trimmingUTF8(_ byte: Unicode.Scalar) -> Substring {
        trimmingUTF8 { $0 == UInt8(ascii: byte) }
    }

    /// The text without the space, tab, line ends, vertical tab and form feed around it. Wider Unicode spaces stay.
    @inlinable
    public func trimmingASCIISpace() -> Substring {
        trimmingUTF8 { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }

    /// The parts between one ASCII byte, as the standard library's `split` gives them.
    @inlinable
    public func splitUTF8(
        at byte: Unicode.Scalar, maxSplits: Int = .max, omittingEmpty: Bool = true
    ) -> [Substring] {
        splitUTF8(maxSplits: maxSplits, omittingEmpty: omittingEmpty) { $0 == UInt8(ascii: byte) }
    }

    /// The parts between bytes for which `isSeparator` holds, which must be ASCII.
    @inlinable
    public func splitUTF8(
        maxSplits: Int = .max, omittingEmpty: Bool = true, where isSeparator: (UInt8) -> Bool
    ) -> [Substring] {
        var parts: [Substring] = []
        var start = startIndex
        var index = startIndex
        let bytes = utf8
        while index < endIndex, parts.count < maxSplits {
            if isSeparator(bytes[index]) {
                if !omittingEmpty || start < index { parts.append(self[start..<index]) }
                bytes.formIndex(after: &index)
                start = index
            } else {
                bytes.formIndex(after: &index)
            }
        }
        if !omittingEmpty || start < endIndex { parts.append(self[start...]) }
        return parts
    }

    /// What stands before and after the first `byte`, or nil when there is none.
    @inlinable
    public func cutUTF8(at byte: Unicode.Scalar) -> (before: Substring, after: Substring)? {
        guard let index = firstUTF8Index(of: byte) else { return nil }
        return (self[..<index], self[utf8.index(after: index)...])
    }

    /// What stands before and after the last `byte`, or nil when there is none.
    @inlinable
    public func cutUTF8(atLast byte: Unicode.Scalar) -> (before: Substring, after: Substring)? {
        guard let index = lastUTF8Index(of: byte) else { return nil }
        return (self[..<index], self[utf8.index(after: index)...])
    }

    /// What follows the last `byte`, or the whole text when there is none: `c` of `a/b/c`.
    @inlinable
    public func lastUTF8Segment(after byte: Unicode.Scalar = "/") -> Substring {
        cutUTF8(atLast: byte)?.after ?? self[...]
    }

    /// The text without leading and trailing bytes for which `isEdge` holds, which must be ASCII.
    @inlinable
    public func trimmingUTF8(where isEdge: (UInt8) -> Bool) -> Substring {
        let bytes = utf8
        var (start, end) = (startIndex, endIndex)
        while start < end, isEdge(bytes[start]) { bytes.formIndex(after: &start) }
        while start < end, isEdge(bytes[bytes.index(before: end)]) { end = bytes.index(before: end) }
        return self[start..<end]
    }
}
