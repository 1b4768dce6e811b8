/// Which of Wycheproof's files the operations are tested with, and why not with the others.
enum WycheproofFiles {
    static let hashes = [
        "SHA-1": "sha1", "SHA-224": "sha2-224", "SHA-256": "sha2-256", "SHA-384": "sha2-384", "SHA-512": "sha2-512",
        "SHA3-224": "sha3-224", "SHA3-256": "sha3-256", "SHA3-384": "sha3-384", "SHA3-512": "sha3-512",
    ]

    static let ecdsa = [
        "ecdsa_secp256r1_sha256_p1363_test.json", "ecdsa_secp256r1_sha256_test.json", "ecdsa_secp256r1_sha3_256_test.json",
        "ecdsa_secp256r1_sha3_512_test.json", "ecdsa_secp256r1_sha512_p1363_test.json", "ecdsa_secp256r1_sha512_test.json",
        "ecdsa_secp384r1_sha256_test.json", "ecdsa_secp384r1_sha384_p1363_test.json", "ecdsa_secp384r1_sha384_test.json",
        "ecdsa_secp384r1_sha3_384_test.json", "ecdsa_secp384r1_sha3_512_test.json", "ecdsa_secp384r1_sha512_p1363_test.json",
        "ecdsa_secp384r1_sha512_test.json", "ecdsa_secp521r1_sha3_512_test.json", "ecdsa_secp521r1_sha512_p1363_test.json",
        "ecdsa_secp521r1_sha512_test.json",
    ]

    static let rsaSignatures = [
        "rsa_signature_2048_sha224_test.json", "rsa_signature_2048_sha256_test.json", "rsa_signature_2048_sha384_test.json",
        "rsa_signature_2048_sha3_224_test.json", "rsa_signature_2048_sha3_256_test.json", "rsa_signature_2048_sha3_384_test.json",
        "rsa_signature_2048_sha3_512_test.json", "rsa_signature_2048_sha512_test.json", "rsa_signature_3072_sha256_test.json",
        "rsa_signature_3072_sha384_test.json", "rsa_signature_3072_sha3_256_test.json", "rsa_signature_3072_sha3_384_test.json",
        "rsa_signature_3072_sha3_512_test.json", "rsa_signature_3072_sha512_test.json", "rsa_signature_4096_sha256_test.json",
        "rsa_signature_4096_sha384_test.json", "rsa_signature_4096_sha512_test.json", "rsa_pss_2048_sha1_mgf1_20_test.json",
        "rsa_pss_2048_sha256_mgf1_32_test.json", "rsa_pss_2048_sha384_mgf1_48_test.json", "rsa_pss_3072_sha256_mgf1_32_test.json",
        "rsa_pss_4096_sha256_mgf1_32_test.json", "rsa_pss_4096_sha384_mgf1_48_test.json", "rsa_pss_4096_sha512_mgf1_32_test.json",
        "rsa_pss_4096_sha512_mgf1_64_test.json",
    ]

    static let oaep = [
        "rsa_oaep_2048_sha1_mgf1sha1_test.json", "rsa_oaep_2048_sha224_mgf1sha224_test.json",
        "rsa_oaep_2048_sha256_mgf1sha256_test.json", "rsa_oaep_2048_sha384_mgf1sha384_test.json",
        "rsa_oaep_2048_sha512_mgf1sha512_test.json", "rsa_oaep_3072_sha256_mgf1sha256_test.json",
        "rsa_oaep_3072_sha512_mgf1sha512_test.json", "rsa_oaep_4096_sha256_mgf1sha256_test.json",
        "rsa_oaep_4096_sha512_mgf1sha512_test.json", "rsa_oaep_misc_test.json",
    ]

    /// Some of their groups have parameters that are set aside below.
    static let mixed: Set = ["rsa_oaep_misc_test.json"]

    static let used: Set<String> = Set(ecdsa + rsaSignatures + oaep).union([
        "aes_gcm_test.json", "chacha20_poly1305_test.json", "xchacha20_poly1305_test.json", "ed25519_test.json",
        "mldsa_65_verify_test.json", "mldsa_87_verify_test.json", "mldsa_65_sign_seed_test.json", "mldsa_87_sign_seed_test.json",
        // Tests/CiphersTests
        "aes_kwp_test.json",
    ])

    static let setAside: [(mark: String, reason: String)] = [
        ("aead_aes_siv", "no such key type"), ("aes_ccm", "no such key type"), ("aes_eax", "no such key type"),
        ("aes_siv", "no such key type"), ("aes_wrap", "keys are wrapped with padding only"),
        ("chacha20_counter", "the stream cipher alone is not offered"),
        ("rsa_pkcs1_2048_test", "PKCS #1 v1.5 encryption is not offered"),
        ("rsa_pkcs1_3072_test", "PKCS #1 v1.5 encryption is not offered"),
        ("rsa_pkcs1_4096_test", "PKCS #1 v1.5 encryption is not offered"),
        ("sig_gen_test", "the same padding is verified by rsa_signature"),
        ("sha512_224", "no such hash in the Vault API"), ("sha512_256", "no such hash in the Vault API"),
        ("rsa_oaep_2048_sha224_mgf1sha1", "MGF1 has the same hash as OAEP"),
        ("rsa_oaep_2048_sha256_mgf1sha1", "MGF1 has the same hash as OAEP"),
        ("rsa_oaep_2048_sha384_mgf1sha1", "MGF1 has the same hash as OAEP"),
        ("rsa_oaep_2048_sha512_mgf1sha1", "MGF1 has the same hash as OAEP"),
        ("rsa_oaep_3072_sha256_mgf1sha1", "MGF1 has the same hash as OAEP"),
        ("rsa_oaep_3072_sha512_mgf1sha1", "MGF1 has the same hash as OAEP"),
        ("rsa_oaep_4096_sha256_mgf1sha1", "MGF1 has the same hash as OAEP"),
        ("rsa_oaep_4096_sha512_mgf1sha1", "MGF1 has the same hash as OAEP"),
        ("dsa_2048", "no such key type"), ("dsa_3072", "no such key type"), ("secp192r1", "no such key type"),
        ("secp224r1", "no such key type"), ("ed448", "no such key type"), ("mldsa_44", "no such key type"),
        ("sign_noseed", "keys are seeds: an expanded key is not taken"), ("rsa_signature_8192", "no such key type"),
        ("_params_test", "the same signatures under keys with RSASSA-PSS parameters, which are not taken"),
        ("rsa_pss_2048_sha256_mgf1_0_test", "salt_length 0 asks for any length, as in Vault"),
        ("mgf1sha1_20", "MGF1 has the same hash as PSS"), ("mgf1sha256_32", "MGF1 has the same hash as PSS"),
        ("rsa_pss_misc_test", "keys of 1024 bits and hashes that are not offered"),
    ]
}
