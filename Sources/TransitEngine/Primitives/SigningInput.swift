/// The bytes to sign, and the parameters of the signature.
struct SigningInput: Sendable {
    enum Padding: String, Sendable { case pss, pkcs1v15 }

    /// The bytes that the caller sent, or their hash if the type of the key needs one and the caller did not compute it.
    var digest: [UInt8]
    /// The hash, or nil for `none`, where the input is signed as it is.
    var hash: HashAlgorithm?
    var padding = Padding.pss
    var saltLength = RSAKey.SaltLength.auto
}
