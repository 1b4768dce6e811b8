/// Why a cipher refuses.
package enum CipherError: Error, Hashable {
    /// The text, the key or the associated data is not that of the sealing. One error stands for all of them.
    case doesNotOpen
    /// A key or nonce has the wrong length, or a text is too long.
    case invalidParameter
}
