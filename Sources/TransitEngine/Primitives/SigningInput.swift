/// What is signed, and how.
struct SigningInput: Sendable {
    enum Padding: String, Sendable { case pss, pkcs1v15 }

    /// What the caller sent, or its hash where the type of the key hashes and the caller has not.
    var digest: [UInt8]
    /// nil for `none`: the input is signed as it is.
    var hash: HashAlgorithm?
    var padding = Padding.pss
    var saltLength = RSAPadding.SaltLength.auto
}
