/// Which of Wycheproof's files the operations are tested with; ``WycheproofTally`` counts their cases.
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
}
