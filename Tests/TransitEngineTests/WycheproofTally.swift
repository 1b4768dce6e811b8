/// How many cases of a file are tested, and how many are not, and why.
struct WycheproofTally: Sendable, Hashable, CustomStringConvertible {
    var tested: Int
    var setAside: [Reason: Int]

    init(_ tested: Int = 0, _ setAside: [Reason: Int] = [:]) {
        self.tested = tested
        self.setAside = setAside
    }

    mutating func setAside(_ reason: Reason) { setAside[reason, default: 0] += 1 }

    var count: Int { setAside.values.reduce(tested, +) }
    var description: String { "\(tested) \(setAside.map { "\($0.key): \($0.value)" }.sorted())" }

    /// Why a case is not tested.
    enum Reason: String, Sendable {
        case keyType = "no such key type"
        case nonceLength = "nonces have the one length that Vault's have"
        case label = "OAEP has no label in the Vault API"
        case maskHash = "MGF1 has the hash of the padding, as in Vault"
        case context = "ML-DSA has no context string in the Vault API"
        case messageDigest = "messages are signed, not what ML-DSA makes of them (mu)"
        case randomness = "an encapsulation draws its own randomness"
        case expandedKey = "keys are seeds: an expanded key is not taken"
        case hash = "no such hash in the Vault API"
        case unpaddedWrapping = "keys are wrapped with padding only"
        case streamCipher = "the stream cipher alone is not offered"
        case oldPadding = "PKCS #1 v1.5 encryption is not offered"
        case sameSignatures = "the same padding is verified by rsa_signature"
        case pssParameters = "the same signatures under keys with RSASSA-PSS parameters, which are not taken"
        case anySalt = "salt_length 0 asks for any length, as in Vault"
        case pssMixture = "keys of 1024 bits and hashes that are not offered"
        case hpkeInfo = "HPKE is used with X-Wing, AES-256-GCM and an info of our own; no vector has these three"
        case operation = "no such operation in the Vault API"
    }

    /// By file.
    static let expected: [String: WycheproofTally] = [
        "aes_gcm_test.json": .init(133, [.keyType: 103, .nonceLength: 80]),
        "chacha20_poly1305_test.json": .init(316, [.nonceLength: 9]),
        "ecdsa_secp256r1_sha256_p1363_test.json": .init(262),
        "ecdsa_secp256r1_sha256_test.json": .init(484),
        "ecdsa_secp256r1_sha3_256_test.json": .init(482),
        "ecdsa_secp256r1_sha3_512_test.json": .init(548),
        "ecdsa_secp256r1_sha512_p1363_test.json": .init(332),
        "ecdsa_secp256r1_sha512_test.json": .init(554),
        "ecdsa_secp384r1_sha256_test.json": .init(472),
        "ecdsa_secp384r1_sha384_p1363_test.json": .init(280),
        "ecdsa_secp384r1_sha384_test.json": .init(504),
        "ecdsa_secp384r1_sha3_384_test.json": .init(504),
        "ecdsa_secp384r1_sha3_512_test.json": .init(536),
        "ecdsa_secp384r1_sha512_p1363_test.json": .init(318),
        "ecdsa_secp384r1_sha512_test.json": .init(542),
        "ecdsa_secp521r1_sha3_512_test.json": .init(534),
        "ecdsa_secp521r1_sha512_p1363_test.json": .init(318),
        "ecdsa_secp521r1_sha512_test.json": .init(542),
        "ed25519_test.json": .init(210),
        "mldsa_65_sign_seed_test.json": .init(84, [.context: 4, .messageDigest: 17]),
        "mldsa_65_verify_test.json": .init(203, [.context: 7]),
        "mldsa_87_sign_seed_test.json": .init(75, [.context: 4, .messageDigest: 17]),
        "mldsa_87_verify_test.json": .init(234, [.context: 7]),
        "mlkem_1024_encaps_test.json": .init(136, [.randomness: 133]),
        "mlkem_1024_keygen_seed_test.json": .init(100),
        "mlkem_1024_test.json": .init(202),
        "mlkem_768_encaps_test.json": .init(132, [.randomness: 133]),
        "mlkem_768_keygen_seed_test.json": .init(100),
        "mlkem_768_test.json": .init(201),
        "rsa_oaep_2048_sha1_mgf1sha1_test.json": .init(29, [.label: 7]),
        "rsa_oaep_2048_sha224_mgf1sha224_test.json": .init(28, [.label: 7]),
        "rsa_oaep_2048_sha256_mgf1sha256_test.json": .init(29, [.label: 8]),
        "rsa_oaep_2048_sha384_mgf1sha384_test.json": .init(28, [.label: 6]),
        "rsa_oaep_2048_sha512_mgf1sha512_test.json": .init(29, [.label: 4]),
        "rsa_oaep_3072_sha256_mgf1sha256_test.json": .init(29, [.label: 8]),
        "rsa_oaep_3072_sha512_mgf1sha512_test.json": .init(28, [.label: 5]),
        "rsa_oaep_4096_sha256_mgf1sha256_test.json": .init(29, [.label: 8]),
        "rsa_oaep_4096_sha512_mgf1sha512_test.json": .init(29, [.label: 7]),
        "rsa_oaep_misc_test.json": .init(42, [.keyType: 185, .maskHash: 168]),
        "rsa_pss_2048_sha1_mgf1_20_test.json": .init(88),
        "rsa_pss_2048_sha256_mgf1_32_test.json": .init(108),
        "rsa_pss_2048_sha384_mgf1_48_test.json": .init(141),
        "rsa_pss_3072_sha256_mgf1_32_test.json": .init(108),
        "rsa_pss_4096_sha256_mgf1_32_test.json": .init(108),
        "rsa_pss_4096_sha384_mgf1_48_test.json": .init(141),
        "rsa_pss_4096_sha512_mgf1_32_test.json": .init(177),
        "rsa_pss_4096_sha512_mgf1_64_test.json": .init(179),
        "rsa_signature_2048_sha224_test.json": .init(258),
        "rsa_signature_2048_sha256_test.json": .init(259),
        "rsa_signature_2048_sha384_test.json": .init(258),
        "rsa_signature_2048_sha3_224_test.json": .init(258),
        "rsa_signature_2048_sha3_256_test.json": .init(257),
        "rsa_signature_2048_sha3_384_test.json": .init(258),
        "rsa_signature_2048_sha3_512_test.json": .init(258),
        "rsa_signature_2048_sha512_test.json": .init(259),
        "rsa_signature_3072_sha256_test.json": .init(259),
        "rsa_signature_3072_sha384_test.json": .init(259),
        "rsa_signature_3072_sha3_256_test.json": .init(258),
        "rsa_signature_3072_sha3_384_test.json": .init(259),
        "rsa_signature_3072_sha3_512_test.json": .init(259),
        "rsa_signature_3072_sha512_test.json": .init(260),
        "rsa_signature_4096_sha256_test.json": .init(258),
        "rsa_signature_4096_sha384_test.json": .init(259),
        "rsa_signature_4096_sha512_test.json": .init(259),
        "xchacha20_poly1305_test.json": .init(306, [.nonceLength: 9]),
        // Tests/CiphersTests
        "aes_kwp_test.json": .init(254),
    ]

    /// Files that are not tested at all, by what is in their names.
    static let filesSetAside: [(mark: String, reason: Reason)] = [
        ("_params_test", .pssParameters), ("aead_aes_siv", .keyType), ("aes_ccm", .keyType), ("aes_eax", .keyType),
        ("aes_siv", .keyType),
        ("aes_wrap", .unpaddedWrapping), ("chacha20_counter", .streamCipher), ("rsa_pkcs1_2048_test", .oldPadding),
        ("rsa_pkcs1_3072_test", .oldPadding), ("rsa_pkcs1_4096_test", .oldPadding), ("sig_gen_test", .sameSignatures),
        ("sha512_224", .hash), ("sha512_256", .hash), ("mgf1sha1_test", .maskHash), ("mgf1sha1_20", .maskHash),
        ("mgf1sha256_32", .maskHash), ("dsa_2048", .keyType), ("dsa_3072", .keyType), ("secp192r1", .keyType),
        ("secp224r1_sha", .keyType), ("ed448", .keyType), ("mldsa_44", .keyType), ("mlkem_512", .keyType),
        ("rsa_signature_8192", .keyType), ("sign_noseed", .expandedKey), ("semi_expanded", .expandedKey),
        ("rsa_pss_2048_sha256_mgf1_0_test", .anySalt), ("rsa_pss_misc_test", .pssMixture),
        ("ecdh_", .operation), ("hkdf_", .operation), ("x25519_", .operation), ("x448_", .operation),
        ("aes_cmac", .operation), ("HPKE-", .hpkeInfo),
    ]

    /// What is in those files.
    static let expectedSetAside: [Reason: Contents] = [
        .keyType: .init(34, 10_336), .unpaddedWrapping: .init(1, 165), .streamCipher: .init(1, 42), .maskHash: .init(9, 358),
        .hash: .init(10, 1_381), .oldPadding: .init(3, 201), .expandedKey: .init(4, 165), .sameSignatures: .init(5, 158),
        .pssParameters: .init(8, 1_091), .anySalt: .init(1, 103), .pssMixture: .init(1, 150), .hpkeInfo: .init(2, 141),
        .operation: .init(28, 15_470),
    ]

    struct Contents: Sendable, Hashable {
        var files: Int
        var cases: Int

        init(_ files: Int = 0, _ cases: Int = 0) {
            self.files = files
            self.cases = cases
        }
    }
}
