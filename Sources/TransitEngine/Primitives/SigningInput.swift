/// The input of a signature, and its parameters.
struct SigningInput: Sendable {
    enum Padding: String, Sendable { case pss, pkcs1v15 }

    /// What the caller sent, or its hash if the type of the key hashes and the caller has not.
    var digest: [UInt8]
    /// The hash, or nil for `none`, where the input is signed as it is.
    var hash: HashAlgorithm?
    var padding = Padding.pss
    var saltLength = RSAPadding.SaltLength.auto
}
