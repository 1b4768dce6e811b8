/// Why a cipher failed.
package enum CipherError: Error, Hashable {
    /// The text, the key or the associated data is not the one that was encrypted. All of these have the same error.
    case doesNotOpen
    /// A key or nonce has the wrong length, or a text is too long.
    case invalidParameter
}
