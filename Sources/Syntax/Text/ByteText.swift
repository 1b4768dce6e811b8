// Byte-wise operations on text.
//
// Swift's `hasPrefix`, `split`, `dropLast`, `contains` and `firstIndex(of:)` compare grapheme clusters: a `/` followed by a combining
// mark is not "/", and a prepended letter (U+0D4E) absorbs the character after it. Policies, paths, shells and file systems
// compare bytes, so a decision based on clusters could differ from theirs. The functions in this file compare UTF-8 bytes.
//
// A slice begins and ends next to an ASCII byte or a whole text, so it is valid UTF-8 whenever the text is.

extension StringProtocol {
    /// Returns whether the UTF-8 bytes begin with those of `prefix`.
    @inlinable
    public func hasUTF8Prefix(_ prefix: some StringProtocol) -> Bool {
        utf8.starts(with: prefix.utf8)
    }

    /// Returns whether two texts have the same UTF-8 bytes. The operator `==` ignores how a character is composed.
    @inlinable
    public func equalsUTF8(_ other: some StringProtocol) -> Bool {
        utf8.elementsEqual(other.utf8)
    }

    /// Returns whether the UTF-8 bytes of `part` occur in the text.
    @inlinable
    public func containsUTF8(_ part: some StringProtocol) -> Bool {
        rangeOfUTF8(part) != nil
    }

    /// Returns the first range with the UTF-8 bytes of `part`, or nil if they do not occur. An empty part is found at the start.
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

    /// Returns the index of the first occurrence of an ASCII byte, or nil if it does not occur.
    @inlinable
    public func firstUTF8Index(of byte: Unicode.Scalar) -> Index? {
        utf8.firstIndex(of: UInt8(ascii: byte))
    }
}

extension StringProtocol where SubSequence == Substring, UTF8View: BidirectionalCollection {
    /// Returns whether the UTF-8 bytes end with those of `suffix`.
    @inlinable
    public func hasUTF8Suffix<S: StringProtocol>(_ suffix: S) -> Bool where S.UTF8View: BidirectionalCollection {
        let count = suffix.utf8.count
        return utf8.count >= count && utf8.suffix(count).elementsEqual(suffix.utf8)
    }

    /// Returns the index of the last occurrence of an ASCII byte, or nil if it does not occur.
    @inlinable
    public func lastUTF8Index(of byte: Unicode.Scalar) -> Index? {
        utf8.lastIndex(of: UInt8(ascii: byte))
    }

    /// Returns the text after `prefix`, or nil if the text does not begin with it.
    @inlinable
    public func removingUTF8Prefix(_ prefix: some StringProtocol) -> Substring? {
        guard hasUTF8Prefix(prefix) else { return nil }
        return self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...]
    }

    /// Returns the text before `suffix`, or nil if the text does not end with it.
    @inlinable
    public func removingUTF8Suffix<S: StringProtocol>(_ suffix: S) -> Substring? where S.UTF8View: BidirectionalCollection {
        guard hasUTF8Suffix(suffix) else { return nil }
        return self[..<utf8.index(endIndex, offsetBy: -suffix.utf8.count)]
    }

    /// Returns the text without its first bytes, for use after a prefix has been found. The bytes must be whole scalars.
    @inlinable
    public func dropFirstUTF8(_ count: Int = 1) -> Substring {
        self[(utf8.index(startIndex, offsetBy: count, limitedBy: endIndex) ?? endIndex)...]
    }

    /// Returns the text without its last bytes, for use after a suffix has been found. The bytes must be whole scalars.
    @inlinable
    public func dropLastUTF8(_ count: Int = 1) -> Substring {
        self[..<(utf8.index(endIndex, offsetBy: -count, limitedBy: startIndex) ?? startIndex)]
    }

    /// Returns the start of the text, at most `bytesMax` bytes, without splitting a scalar.
    ///
    /// The standard `prefix` does not bound the size, because a grapheme cluster can have any length.
    @inlinable
    public func prefixUTF8(_ bytesMax: Int) -> Substring {
        guard let end = utf8.index(startIndex, offsetBy: bytesMax, limitedBy: endIndex) else { return self[...] }
        // A range that ends within a scalar is rounded down to its start.
        return self[..<end]
    }

    /// Returns the start of the text up to the first byte for which `belongs` is false.
    ///
    /// The bytes for which it is true must be ASCII or whole scalars.
    @inlinable
    public func prefixUTF8(while belongs: (UInt8) -> Bool) -> Substring {
        self[..<(utf8.firstIndex { !belongs($0) } ?? endIndex)]
    }

    /// Returns the text from the first byte for which `isEdge` is false. The bytes before it must be ASCII.
    @inlinable
    public func dropUTF8(while isEdge: (UInt8) -> Bool) -> Substring {
        self[(utf8.firstIndex { !isEdge($0) } ?? endIndex)...]
    }

    /// Returns the text with each occurrence of `part` replaced, from left to right. An empty part does not occur.
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

    /// Returns the text without all leading and trailing occurrences of an ASCII byte.
    @inlinable
    public func trimmingUTF8(_ byte: Unicode.Scalar) -> Substring {
        trimmingUTF8 { $0 == UInt8(ascii: byte) }
    }

    /// Returns the text without leading and trailing ASCII white space. Other Unicode spaces are kept.
    @inlinable
    public func trimmingASCIISpace() -> Substring {
        trimmingUTF8 { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }

    /// Returns the parts between occurrences of an ASCII byte, like the standard `split`.
    @inlinable
    public func splitUTF8(
        at byte: Unicode.Scalar, maxSplits: Int = .max, omittingEmpty: Bool = true
    ) -> [Substring] {
        splitUTF8(maxSplits: maxSplits, omittingEmpty: omittingEmpty) { $0 == UInt8(ascii: byte) }
    }

    /// Returns the parts between bytes for which `isSeparator` is true, which must be ASCII.
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

    /// Returns the text before and after the first occurrence of an ASCII byte, or nil if it does not occur.
    @inlinable
    public func cutUTF8(at byte: Unicode.Scalar) -> (before: Substring, after: Substring)? {
        guard let index = firstUTF8Index(of: byte) else { return nil }
        return (self[..<index], self[utf8.index(after: index)...])
    }

    /// Returns the text before and after the last occurrence of an ASCII byte, or nil if it does not occur.
    @inlinable
    public func cutUTF8(atLast byte: Unicode.Scalar) -> (before: Substring, after: Substring)? {
        guard let index = lastUTF8Index(of: byte) else { return nil }
        return (self[..<index], self[utf8.index(after: index)...])
    }

    /// Returns the text after the last occurrence of an ASCII byte, or the whole text if it does not occur: `c` for `a/b/c`.
    @inlinable
    public func lastUTF8Segment(after byte: Unicode.Scalar = "/") -> Substring {
        cutUTF8(atLast: byte)?.after ?? self[...]
    }

    /// Returns the text without the leading and trailing bytes for which `isEdge` is true, which must be ASCII.
    @inlinable
    public func trimmingUTF8(where isEdge: (UInt8) -> Bool) -> Substring {
        let bytes = utf8
        var (start, end) = (startIndex, endIndex)
        while start < end, isEdge(bytes[start]) { bytes.formIndex(after: &start) }
        while start < end, isEdge(bytes[bytes.index(before: end)]) { end = bytes.index(before: end) }
        return self[start..<end]
    }
}
