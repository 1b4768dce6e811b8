package enum CipherError: Error, Hashable {
    /// The text, the key or the associated data is not what it was when this was sealed. One error for all of them.
    case doesNotOpen
    /// A key or a nonce of the wrong length, or a text longer than the cipher takes.
    case invalidParameter
}
