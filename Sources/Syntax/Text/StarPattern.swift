extension StringProtocol {
    /// Whether the text matches a pattern in which each `*` stands for any text, also none. Everything else is compared byte by byte,
    /// in its letter case.
    ///
    /// The time grows with the product of the two lengths at most.
    public func matchesUTF8(_ pattern: some StringProtocol) -> Bool {
        let star = UInt8(ascii: "*")
        var text = utf8[...]
        var parts = pattern.utf8.split(separator: star, omittingEmptySubsequences: false)[...]
        guard let first = parts.popFirst(), text.starts(with: first) else { return false }
        text = text.dropFirst(first.count)
        guard let last = parts.popLast() else { return text.isEmpty }
        for part in parts where !part.isEmpty {
            var place = text.startIndex
            while !text[place...].starts(with: part) {
                guard place < text.endIndex else { return false }
                text.formIndex(after: &place)
            }
            text = text[place...].dropFirst(part.count)
        }
        return text.count >= last.count && text.dropFirst(text.count - last.count).elementsEqual(last)
    }
}
