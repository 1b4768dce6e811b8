import EngineKit
import Syntax
import Testing

/// Keys made with OpenSSL 3 (`openssl genpkey`, `openssl pkcs8`, `openssl ec`), in base64 of their DER.
private enum MadeKey {
    static let secp256k1 =
        "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgwGrjWlR1S4DJ0zANMFlN6V6cg7jHSNB8mhpbKSuLqyKhRANCAASlejuhQbc+7W/kQF"
        + "z9YY0OHsZVwoJmbW+bqaNPW7XcwN7c+08i0KRUWD3JVKOrt3TPfQrcNdMBw4mZJtUK6eC1"
    static let secp256k1SEC1 =
        "MHQCAQEEIHZzd0SUCNcNUmrXaati3xOF4JC6ItJYE/zkcd/BxiI0oAcGBSuBBAAKoUQDQgAElk2O6ELyqphhV+e1uK0jxi9rkaznN1rVMWpS0N"
        + "F7XWfDpmbz1yh4YGNGAiRyc66E2l5X6QKNGNTJL+lKvnm6FQ=="
    static let brainpool256 =
        "MIGIAgEAMBQGByqGSM49AgEGCSskAwMCCAEBBwRtMGsCAQEEIDCyQ736c4uAyXmTDLWnX+KGu8txibWKHMTKQZiQ+VALoUQDQgAEhxbzwPEptz"
        + "r9wNFlIVwqyUpfKR3OITMRRe5uyxP3OZls6L8MUm599sWTlXrh9TaNgpUvkKunqrCbh4h2n9eySg=="
    static let p256 =
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNBMaTalcxC/jzBEmeUaUn1hOxLyHmPQ0Mc36bwx5jSmhRANCAAQX2QtfTuhu7+"
        + "2qPF6uFTXJ0nZCrpU+92CTWJcZiseairf4qfEB8l0zUbEGYUw94kFktYROF8McI30sySJuPO7f"
    static let p256SEC1 =
        "MHcCAQEEIHpk3V7nBYzYQ/ym6Oq1SvMCbCJJVEkUWaJywYJTuuU5oAoGCCqGSM49AwEHoUQDQgAEc0LgjZ+eCTVbO+IIHRtbXt2Y1BHJINgadN"
        + "EZV/fqvioZUjE0/Zk0iejdrpAA20WxshA9NoHSMHV87FzeHROh8Q=="
    static let p256WithoutPublicKey =
        "MDECAQEEIKAq86OBOmV2H1f3eLltMwZnZfx2AuM9+TX3aq6ncM26oAoGCCqGSM49AwEH"
    static let p256Compressed =
        "MFcCAQEEIEhKa3Of4LFEkNrECs2TujRKz0dWTnQUsKqz2sg4UZFFoAoGCCqGSM49AwEHoSQDIgADqYwEAfX4xhuh4+Zy6f8ucMtP66DXFFHAZ7"
        + "wImBgEKjE="
    static let p256WithAnothersPublicKey =
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNBMaTalcxC/jzBEmeUaUn1hOxLyHmPQ0Mc36bwx5jSmhRANCAATWzivT4x88vk"
        + "ym5+hd3kXQF+saWVCWc2BUd5xfE/HIF4IK8MUCzakjiKI8yUwLqYSCEf056/ITdQ8OsOXQVNOx"
    static let rsa =
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCzxtyGfVu11WbJc7kkC6yQ+9oJjP4PT12kvDZeGVLEt8GGBDqR8Ysn7r/SnH"
        + "8UwnN2Tgc16U9NqlA7SV9BO8ouvyEOxibJ0+e18O58bb8rkMhpZaYCNzc3A6mtRF3PpkC4Q4fTJ4FWZDLMr6/GIpT0g8o19CGm6tkUWHfqxhUm"
        + "i2/PySQunK0zasptSiVoA9Qy47E1Epe27Sbu4hAYy9QTns0JaFtzgYZ6GwgaU/H+lAk5SNUcUyH5wBUvRwDUewprS+dUulZl7R/ge0hZKeigDJ"
        + "yHq8sF3emfTKNZ4wWNIkmb54Rjyw4cayuYfg7IoluEPdYJiJvLmVrCoAr6dGYtAgMBAAECggEAT1Gwz+f0dFRdHwofiD9cWrW8PFWIbNHcI8hl"
        + "BnyOz7uxt4MbInRbrPlCilbBHTQ0RGDl/ovbkQ1Ri+7yB7KtIJX0rHOR/p+vzs8oMh8r5zlgq1wNdFHPW0cS8J9G8szMJmCpR2lZP/hCj5v+Zm"
        + "GwrfeN2uNFi8N3lun3ss7F2zSRGPT1wYl592wzVIDm1qSfAcufRkvDBHIOXIBNcMuYaO7xejOKcNdbBCmCKGQXaKAkNolkC+jqAa0rlZ4SAN1I"
        + "Zr5HGkmOr7yP7ll/haA7lyfhW0hNdAK/3e2RJHjbvzyHHkWVGpNk9JJr51U87r1LhB12KJ3xVrGpqqIcrqjGgwKBgQDs8iyZtAkQv4NaMFcfiK"
        + "tY26ikOepWsPOyOum5Z3ZcM55PlL9E77Ig8Uay33+DjWgZlUI5GQ+74iHp6bZxnVgTd85e3IUPLYKAPYhCPLkxJfjj7y0CyOGEQ+7LHnHp/8YX"
        + "cs1BF8oc95TUmdpoyj6ILB+SozCJsbJlPsq1EoAXUwKBgQDCO8nxkVCAocNarsZztQW7ebM+XbDOSTzD8vpoC2K/G+xD6pHXlglg8aBvnSBwge"
        + "ZPYlHLyZDtuaxL9daufHFYgZ75QtaobGomACvwYR4//Pha68gzgemCIPqmliUM+orEGfvRM7JdDbxGkuazmyH1ZARxw6Ygf//Xu+dd+31cfwKB"
        + "gAMANixkKVE6+7Dit9fAZVskvQgHa75ZU1zIfjlI5CjaxoB/g8SdvIXKSHjvd6/01IKubz5F4PsiLAfIW/UoZvsoI0b0SAMfMm3pWZZtKnNC5d"
        + "oNJ2bHoIOKULXl1s9928ZkP9E5OegQAqSGpkt5dD1JQcUbp/u2cmnx16NfbpvdAoGBAMAkIyZL6QYGf9kyMfD+bzhBMNaOGjxG6MyyjZHlSX7i"
        + "IXwiDLnmm0qCXIJtPkztw6ZeDap5sFvqpA3UmNWtFvdF6ryLqQudi/ghjVXSzPjhx9Exk6+YYSWweCPZPbe0FRfe2GPgLx6sWsa5xWyBFzvIAD"
        + "mGIM3fsXh5Umx/P0kDAoGAX1NZXul+WAkVxdm94EFBjGe/UO5MpFn0eyZwXX7r7lGl4Zs/5mYlSY3pfRvg4NK2iujCTCB2UW8vRHezg8ItdSpr"
        + "wGCoRQT+Vm2tK8eDfoYRR5IgscrMPXFRdU2pvRrjoyTJRgzITDdq5h+lnZVOngnKaSckCIZ+hfxksF1Shi4="
}

@Suite("Importing private keys that say what they are")
struct ImportedKeyClaimsTests {
    @Test(
        "takes PKCS #8 and SEC 1 of the curve, with its public key, a compressed one, or none",
        arguments: [
            MadeKey.p256, MadeKey.p256SEC1, MadeKey.p256WithoutPublicKey, MadeKey.p256Compressed,
        ]) func taken(key: String) async throws
    {
        let driver = try TransitDriver()
        try await driver.bring("k", "ecdsa-p256", try #require(Base64.decode(key)))
        #expect(try await driver.read("keys/k")["keys"]?["1"]?["name"] == "P-256")
    }

    @Test(
        "refuses a key of another curve whose scalar has the same length, and one with another key's public key",
        arguments: [
            MadeKey.secp256k1, MadeKey.secp256k1SEC1, MadeKey.brainpool256, MadeKey.p256WithAnothersPublicKey,
        ]) func refused(key: String) async throws
    {
        let driver = try TransitDriver()
        let wrapped = try await driver.wrapped(try #require(Base64.decode(key)))
        let refusal = await driver.refusal(.update, "keys/k/import", ["type": "ecdsa-p256", "ciphertext": wrapped])
        // swift-crypto itself refuses SEC 1 of another curve.
        #expect(
            refusal == "the key is of another curve than ecdsa-p256, or contains a public key that is not its own"
                || refusal == "the key could not be read, or is not of the type that was named")
        #expect(await driver.refusal(.read, "keys/k") == "")
    }

    @Test("refuses an RSA key that something follows") func trailing() async throws {
        let driver = try TransitDriver()
        let key = try #require(Base64.decode(MadeKey.rsa))
        try await driver.bring("k", "rsa-2048", key)
        let wrapped = try await driver.wrapped(key + [0])
        #expect(
            await driver.refusal(.update, "keys/l/import", ["type": "rsa-2048", "ciphertext": wrapped])
                == "the key could not be read: it must be one PKCS #8 or PKCS #1 structure in DER")
    }

    @Test("says which forms of an Ed25519 key are read") func ed25519() async throws {
        let driver = try TransitDriver()
        let wrapped = try await driver.wrapped([UInt8](repeating: 1, count: 31))
        #expect(
            await driver.refusal(.update, "keys/k/import", ["type": "ed25519", "ciphertext": wrapped])
                == "the key must be Ed25519 in PKCS #8, a seed of 32 bytes, or a seed and its public key of 64 bytes")
    }
}
