/// Keys that OpenSSL made for these tests, and a token that it signed.
enum PEMSamples {
    static let ed25519 = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEA48rkQ252akVKVGjbIAvfphf1A3uZBmwa5mrGfhH14hA=
        -----END PUBLIC KEY-----
        """

    static let p256 = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGS/v6B/tPeO71POdrTE49nlgdSCz
        9mAKzqD+uuYGVcFoFry/JfBx7i17MhwfldaZ3V1YAdIkyDSdxeV6f+2ZOQ==
        -----END PUBLIC KEY-----
        """

    static let p384 = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEOTbHXNLdtrSnwByvbBkR+iRTsqqUXF/F
        d72Yo0dHovaCRnL9gEzG+DFihvrlkcXapsqjEnLn5nt3+DrOzg5BqpXvT/r6AnGP
        ng4bHl6btJY0e4/6oq6i2jAnty3n13/h
        -----END PUBLIC KEY-----
        """

    static let p521 = """
        -----BEGIN PUBLIC KEY-----
        MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAtN4qIngbcs/xZV64PSrnuM56Scdh
        ok/dxQj+FYYckjTYZJrza6QyyrDj3RcybypeROCIyVbHhQkm3teUyPULRkoAKU/N
        7ORhwxT9r7LfoU6s3eE0DecO85y4qwFdhFiO3KLTlCeub17KBTSKVPzimZC8FvQY
        LgEunZ3GzrXt18laElA=
        -----END PUBLIC KEY-----
        """

    static let rsa = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0b0xKNcJHhtRzD8+SpWg
        IV6+ML7S4AtMmwd5+fOnXqkAlCXgS0xungUi1TEMvW87tsmlJu0hWWMd49pR9Fr0
        6v2nf5moA1byLsdqmwrm+7h2r11OgtBuqIRlTUZL5i782OhEPWURuocU7dcxfezs
        y9vjZXKKW2F2PMewKehEM11BZlaxdIEnvy2JReZUSTxjTsobeQiufykKupwPiv8x
        ikAo28JOeZ7UFbLsMWXjG/8XhVdA6SRqVfeiIToY8wptG/BE1UBimPMx+JcyU5uP
        kLcApMLxQjf+wfMkyBHMx1xpMcy4RiqmPQbaBCRoIHGNG0nNGHqNBSdzUxJQDpX9
        rQIDAQAB
        -----END PUBLIC KEY-----
        """

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIDATCCAemgAwIBAgIUHQp8eDXQQHNDTszAE3Iu1fUdKH8wDQYJKoZIhvcNAQEL
        BQAwDzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMzAxOTM3NTVaGA8yMTI2MTEwNjE5
        Mzc1NVowDzENMAsGA1UEAwwEdGVzdDCCASIwDQYJKoZIhvcNAQEBBQADggEPADCC
        AQoCggEBANG9MSjXCR4bUcw/PkqVoCFevjC+0uALTJsHefnzp16pAJQl4EtMbp4F
        ItUxDL1vO7bJpSbtIVljHePaUfRa9Or9p3+ZqANW8i7HapsK5vu4dq9dToLQbqiE
        ZU1GS+Yu/NjoRD1lEbqHFO3XMX3s7Mvb42VyilthdjzHsCnoRDNdQWZWsXSBJ78t
        iUXmVEk8Y07KG3kIrn8pCrqcD4r/MYpAKNvCTnme1BWy7DFl4xv/F4VXQOkkalX3
        oiE6GPMKbRvwRNVAYpjzMfiXMlObj5C3AKTC8UI3/sHzJMgRzMdcaTHMuEYqpj0G
        2gQkaCBxjRtJzRh6jQUnc1MSUA6V/a0CAwEAAaNTMFEwHQYDVR0OBBYEFMmZy/YC
        BqGW41336JoUrF3sMJlwMB8GA1UdIwQYMBaAFMmZy/YCBqGW41336JoUrF3sMJlw
        MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAMNWBBLV5wETrrJ/
        z2KsiNja8w7yApUlWi2YIeCldf8e3K+wfRKCeYtm2q2J1V5Tgd2tCtY1LJPhKBar
        Z/Fu/FIal1zsD8KX0x5jJr3HiG3m80sDRPFFfQ6kb7g6+7BtNmyXy1KYKRCVs8hA
        oYFOy0eFsX+ts1WHcEeNAQqVxQ59Xm4D51tS5jw2QqDulbcIsPzwiR6wMEgmJa4I
        vqUuZjgo6OzOUEMNm1c5F6hc4QdCL9W/iDUwjebWVgtNY8AT1WVn3H8fcidqmCBw
        DvEi4qHY5d9gmwIxrk3lstWaWSTk19n+qftERJkHGyDv37Z/jQRH6TKcgbnRS0w2
        4GW0flo=
        -----END CERTIFICATE-----
        """

    static let smallRSA = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC8tspm/vGPjinmWrGpj1HxdOPo
        XxqZIWItOkKc32E/1u2UaWQpA80ywPrEuOMWzf7/nQM2sldCxm+QZosff81Cbhzq
        jStMtEnVNmvFm2ec+f6wZkTJf7ri4+jg+K5nAoLol0LeNjLgPEieEWNjGnYF78Ic
        zyrHOHeW89R9ffr7OwIDAQAB
        -----END PUBLIC KEY-----
        """

    static let privateKey = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEINOfD4IqSy7MqWs3dOoDXEnL4XNAN0JUX2jQV88fK3Ec
        -----END PRIVATE KEY-----
        """

    static let rsaToken = """
        eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.I6TYTE1Sob2oLoKX1PsbdzSQu7kdKkVLfP-qGFz4KPiOCIYdfHaRPP4iAY0e\
        ASoO345C2tMnIJthT5EvSuifwDVZ9LUap_SwgrOprNN2JJQTl-eLVuAzQtDcM0CQtCFJwShHV3FfMH-qzja1MhQSo7Q33Uf4nn-y\
        3iKBTPeDWJiiEq69UZOzBBTF8VYpzwCrJBzBJP4iwcJQ5uvfkaqI5m7_Vm6hR6U2LNLzSOvN4rXnXjlEgPqbIsujFxBRg-iS_5ZA\
        X8oS6OI9hJDDlUezjHuUPBdv_LZNJwWa20el8jc1Od8wdjaWH3K_mZCH3SMZPq9zR5HRAZezTcdMGZ-vNg
        """
}
