/// Keys, requests and certificates that OpenSSL 3.0 made, in PEM. The private keys protect nothing.
struct OpenSSLVector: Sendable, CustomStringConvertible {
    /// The name that the key has in its certificate.
    let name: String
    let publicKey: String
    /// For the subject C=DE, O=Example and CN=name, with a name for the extension subjectAltName.
    let request: String
    /// Self-signed, version 3.
    let certificate: String
    /// Self-signed, version 1: without a version, and without extensions.
    let oldCertificate: String

    var description: String { name }

    static let all = [p256, p384, p521, ed25519, rsa]

    static let p256 = OpenSSLVector(
        name: "p256.example",
        publicKey: """
            -----BEGIN PUBLIC KEY-----
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+b6Lqh52zVXx0hwLTqVsU3Oj6aJt
            Q/wpXZBrluJTBRXeoa9sTRD7/UwoosrOqAULF653hMN9InIanQHVxXNJ8A==
            -----END PUBLIC KEY-----

            """,
        request: """
            -----BEGIN CERTIFICATE REQUEST-----
            MIIBGjCBwgIBADA2MQswCQYDVQQGEwJERTEQMA4GA1UECgwHRXhhbXBsZTEVMBMG
            A1UEAwwMcDI1Ni5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+b6L
            qh52zVXx0hwLTqVsU3Oj6aJtQ/wpXZBrluJTBRXeoa9sTRD7/UwoosrOqAULF653
            hMN9InIanQHVxXNJ8KAqMCgGCSqGSIb3DQEJDjEbMBkwFwYDVR0RBBAwDoIMcDI1
            Ni5leGFtcGxlMAoGCCqGSM49BAMCA0cAMEQCIAvTMT3l/XiQiYHU+h1Ujn4ksf21
            M2C8dFo+TpwmZjk5AiBZ77vmAparecS+R1jYzh5swSzYw6mE2plsbhoV0nwUsg==
            -----END CERTIFICATE REQUEST-----

            """,
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBhDCCASugAwIBAgIUFbEwJMUt12A6CKxZvGy+RD71xhswCgYIKoZIzj0EAwIw
            FzEVMBMGA1UEAwwMcDI1Ni5leGFtcGxlMCAXDTI2MTEzMDE2MTg0NloYDzIxMjYx
            MTA2MTYxODQ2WjAXMRUwEwYDVQQDDAxwMjU2LmV4YW1wbGUwWTATBgcqhkjOPQIB
            BggqhkjOPQMBBwNCAAT5vouqHnbNVfHSHAtOpWxTc6Ppom1D/CldkGuW4lMFFd6h
            r2xNEPv9TCiiys6oBQsXrneEw30ichqdAdXFc0nwo1MwUTAdBgNVHQ4EFgQUcDar
            ZDHqPNnPpxLqfW+I6oFUkdgwHwYDVR0jBBgwFoAUcDarZDHqPNnPpxLqfW+I6oFU
            kdgwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAw4BuT87pUA7kB
            odslgzeq2+EpinDF6HKneIPAyOq3cwIgOXmlHPXgqjwf8vvXw7SI09gamG53QA1/
            HyKvvt4Jy00=
            -----END CERTIFICATE-----

            """,
        oldCertificate: """
            -----BEGIN CERTIFICATE-----
            MIIBaTCCAQ8CFDpjTSRreDYQrvq7qHfzAMn4Q0W1MAoGCCqGSM49BAMCMDYxCzAJ
            BgNVBAYTAkRFMRAwDgYDVQQKDAdFeGFtcGxlMRUwEwYDVQQDDAxwMjU2LmV4YW1w
            bGUwIBcNMjYxMTMwMTYxODQ2WhgPMjEyNjExMDYxNjE4NDZaMDYxCzAJBgNVBAYT
            AkRFMRAwDgYDVQQKDAdFeGFtcGxlMRUwEwYDVQQDDAxwMjU2LmV4YW1wbGUwWTAT
            BgcqhkjOPQIBBggqhkjOPQMBBwNCAAT5vouqHnbNVfHSHAtOpWxTc6Ppom1D/Cld
            kGuW4lMFFd6hr2xNEPv9TCiiys6oBQsXrneEw30ichqdAdXFc0nwMAoGCCqGSM49
            BAMCA0gAMEUCICKGoWlI3KaiWdZeQX9YznqSHEobFAf8DRul26vrJYPlAiEArtLb
            c6ogY/Wu6XdWm7D+RqniHwyOC/CJpBivOu2w4Pc=
            -----END CERTIFICATE-----

            """)

    static let p384 = OpenSSLVector(
        name: "p384.example",
        publicKey: """
            -----BEGIN PUBLIC KEY-----
            MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEe4u4lMJps1TaMHgCQ/vWsIKz0tA8PTIL
            hZMjyY+fRshHfZCguub1FkhxFmaP18s8EBpu6K7sD0N6AX8V6hySF0wyXNVg3f/F
            QXslBu8Lcf0uSE3+tqBH17aUsPhQXEJn
            -----END PUBLIC KEY-----

            """,
        request: """
            -----BEGIN CERTIFICATE REQUEST-----
            MIIBVzCB3wIBADA2MQswCQYDVQQGEwJERTEQMA4GA1UECgwHRXhhbXBsZTEVMBMG
            A1UEAwwMcDM4NC5leGFtcGxlMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEe4u4lMJp
            s1TaMHgCQ/vWsIKz0tA8PTILhZMjyY+fRshHfZCguub1FkhxFmaP18s8EBpu6K7s
            D0N6AX8V6hySF0wyXNVg3f/FQXslBu8Lcf0uSE3+tqBH17aUsPhQXEJnoCowKAYJ
            KoZIhvcNAQkOMRswGTAXBgNVHREEEDAOggxwMzg0LmV4YW1wbGUwCgYIKoZIzj0E
            AwIDZwAwZAIwHjo+K4n8vGo/UxY7kuJN1nd5VtN4LFuCWMXh3JWkaLVR5N90bciB
            A++sQJ3z0P33AjAaWCn5T7hYPvhfREq4RqraMHP2bTmvWZ+0J6po/FpJggBFTB1V
            LqkrhnyUbaUTfG4=
            -----END CERTIFICATE REQUEST-----

            """,
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBwzCCAUigAwIBAgIULPGgyt31UouyUW1rFomZx8SmVZIwCgYIKoZIzj0EAwIw
            FzEVMBMGA1UEAwwMcDM4NC5leGFtcGxlMCAXDTI2MTEzMDE2MTg0N1oYDzIxMjYx
            MTA2MTYxODQ3WjAXMRUwEwYDVQQDDAxwMzg0LmV4YW1wbGUwdjAQBgcqhkjOPQIB
            BgUrgQQAIgNiAAR7i7iUwmmzVNoweAJD+9awgrPS0Dw9MguFkyPJj59GyEd9kKC6
            5vUWSHEWZo/XyzwQGm7oruwPQ3oBfxXqHJIXTDJc1WDd/8VBeyUG7wtx/S5ITf62
            oEfXtpSw+FBcQmejUzBRMB0GA1UdDgQWBBS7XGhyGz3lVTzotpwGwRsex5FMOjAf
            BgNVHSMEGDAWgBS7XGhyGz3lVTzotpwGwRsex5FMOjAPBgNVHRMBAf8EBTADAQH/
            MAoGCCqGSM49BAMCA2kAMGYCMQCoBQVcMUPDa9hhib7ksaWQsKwodgv04KiF8Rov
            Bbf3XtCz0cNXqicQ0MPjf2kxpBcCMQDZ7Udhz63KGirhOfbQFoDGXPCB9jSLstE4
            jt43fW2nRwOGQCAVswxqRWHGZ3/v4xA=
            -----END CERTIFICATE-----

            """,
        oldCertificate: """
            -----BEGIN CERTIFICATE-----
            MIIBpzCCASwCFHq0PM+ZSqoxnTBXNwmGKzJqJj05MAoGCCqGSM49BAMCMDYxCzAJ
            BgNVBAYTAkRFMRAwDgYDVQQKDAdFeGFtcGxlMRUwEwYDVQQDDAxwMzg0LmV4YW1w
            bGUwIBcNMjYxMTMwMTYxODQ3WhgPMjEyNjExMDYxNjE4NDdaMDYxCzAJBgNVBAYT
            AkRFMRAwDgYDVQQKDAdFeGFtcGxlMRUwEwYDVQQDDAxwMzg0LmV4YW1wbGUwdjAQ
            BgcqhkjOPQIBBgUrgQQAIgNiAAR7i7iUwmmzVNoweAJD+9awgrPS0Dw9MguFkyPJ
            j59GyEd9kKC65vUWSHEWZo/XyzwQGm7oruwPQ3oBfxXqHJIXTDJc1WDd/8VBeyUG
            7wtx/S5ITf62oEfXtpSw+FBcQmcwCgYIKoZIzj0EAwIDaQAwZgIxAIrbU7v0Ewoi
            N+Z964iof+et6eDAyqXTKOammXLkvaI5Ny+bR1RRZHX43p5Mg2NfuwIxAP7knJfn
            pw86hSRHA8jIw60bhoBwyfuook8zD+zdLo+zKw01YciW63zyXMBf9B9YQw==
            -----END CERTIFICATE-----

            """)

    static let p521 = OpenSSLVector(
        name: "p521.example",
        publicKey: """
            -----BEGIN PUBLIC KEY-----
            MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBAE1Pz+zhp03VzJ41pYFIdppQh/Yh
            sU8gZFWOeUBu6ZcsBjoBsbniXuK+NYyFJS5SnIm1fvE0lPujVWex91P8k54AM0Un
            1KmvqSsosxgTP85LTRyZN8ciH5jR5G6jGWkkC+Y8DmciFLK/HuohV8H9+4HuXnOH
            HG09bLtLo/oMT6p7qCE=
            -----END PUBLIC KEY-----

            """,
        request: """
            -----BEGIN CERTIFICATE REQUEST-----
            MIIBozCCAQUCAQAwNjELMAkGA1UEBhMCREUxEDAOBgNVBAoMB0V4YW1wbGUxFTAT
            BgNVBAMMDHA1MjEuZXhhbXBsZTCBmzAQBgcqhkjOPQIBBgUrgQQAIwOBhgAEAQBN
            T8/s4adN1cyeNaWBSHaaUIf2IbFPIGRVjnlAbumXLAY6AbG54l7ivjWMhSUuUpyJ
            tX7xNJT7o1VnsfdT/JOeADNFJ9Spr6krKLMYEz/OS00cmTfHIh+Y0eRuoxlpJAvm
            PA5nIhSyvx7qIVfB/fuB7l5zhxxtPWy7S6P6DE+qe6ghoCowKAYJKoZIhvcNAQkO
            MRswGTAXBgNVHREEEDAOggxwNTIxLmV4YW1wbGUwCgYIKoZIzj0EAwIDgYsAMIGH
            AkIBNApIhlL2/CAjQSkXOXEYxgbFnZzt15RUkgjIIwlp/Fm2hkCs13TH8qRx9H8K
            G2niLOa1fIllSOAxgQT9buiaf/sCQUP5tnrUCkbEw/Fc1o0L1SNELAhncJRFgToq
            4KWplESzelCZVCMG68TNFHhJrTPzPfpaXilK6bVpSrUJLKVU2g3g
            -----END CERTIFICATE REQUEST-----

            """,
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIICDTCCAW6gAwIBAgIUAcdfYiKOcYDWqT0Gay4SOcz7+KYwCgYIKoZIzj0EAwIw
            FzEVMBMGA1UEAwwMcDUyMS5leGFtcGxlMCAXDTI2MTEzMDE2MTg0N1oYDzIxMjYx
            MTA2MTYxODQ3WjAXMRUwEwYDVQQDDAxwNTIxLmV4YW1wbGUwgZswEAYHKoZIzj0C
            AQYFK4EEACMDgYYABAEATU/P7OGnTdXMnjWlgUh2mlCH9iGxTyBkVY55QG7plywG
            OgGxueJe4r41jIUlLlKcibV+8TSU+6NVZ7H3U/yTngAzRSfUqa+pKyizGBM/zktN
            HJk3xyIfmNHkbqMZaSQL5jwOZyIUsr8e6iFXwf37ge5ec4ccbT1su0uj+gxPqnuo
            IaNTMFEwHQYDVR0OBBYEFJ/ciA7etTq5V9Y9oNGMHeYG0qb4MB8GA1UdIwQYMBaA
            FJ/ciA7etTq5V9Y9oNGMHeYG0qb4MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0E
            AwIDgYwAMIGIAkIBVeFCc1kRRE4OMV28BEYs+z29egQi0Xa55mewLVU0Vf48eWcg
            HyC5E9bi+Jef7HbQ6H7dMYWi7J9INMMbi6TlX0MCQgGT0T2JL6rQ/4TkRSRc7L7f
            3rzIkJAx4lYrMt7bEfZDBfEVtG6RMjuQT02oCQGSP/XlZCStiVUNHyqJEf7Nldv7
            nA==
            -----END CERTIFICATE-----

            """,
        oldCertificate: """
            -----BEGIN CERTIFICATE-----
            MIIB8TCCAVICFA+wkOhnWACDapXPlwlrRXi76dEsMAoGCCqGSM49BAMCMDYxCzAJ
            BgNVBAYTAkRFMRAwDgYDVQQKDAdFeGFtcGxlMRUwEwYDVQQDDAxwNTIxLmV4YW1w
            bGUwIBcNMjYxMTMwMTYxODQ3WhgPMjEyNjExMDYxNjE4NDdaMDYxCzAJBgNVBAYT
            AkRFMRAwDgYDVQQKDAdFeGFtcGxlMRUwEwYDVQQDDAxwNTIxLmV4YW1wbGUwgZsw
            EAYHKoZIzj0CAQYFK4EEACMDgYYABAEATU/P7OGnTdXMnjWlgUh2mlCH9iGxTyBk
            VY55QG7plywGOgGxueJe4r41jIUlLlKcibV+8TSU+6NVZ7H3U/yTngAzRSfUqa+p
            KyizGBM/zktNHJk3xyIfmNHkbqMZaSQL5jwOZyIUsr8e6iFXwf37ge5ec4ccbT1s
            u0uj+gxPqnuoITAKBggqhkjOPQQDAgOBjAAwgYgCQgFUWKGE/DtO/Zg4h+40icPV
            FYPCcQafsTKd6Ajvk0R4NhLF64ZwAVZSiCxskFvbqwaRT1sMX5E5wVXISC32Hm/h
            fgJCAQxtV9DdXnqZc27BLxssV/51TcmoZs0o6x2RtosWjuY+13v60laDr6dOi88C
            iDk3rSCfbjD2t+GYy4ED/uMG2Ya/
            -----END CERTIFICATE-----

            """)

    static let ed25519 = OpenSSLVector(
        name: "ed.example",
        publicKey: """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEAK0G6kseqdsk5LY1a5Pu/+zb6wVf2BVVKQ0KSFgTtWL0=
            -----END PUBLIC KEY-----

            """,
        request: """
            -----BEGIN CERTIFICATE REQUEST-----
            MIHcMIGPAgEAMDQxCzAJBgNVBAYTAkRFMRAwDgYDVQQKDAdFeGFtcGxlMRMwEQYD
            VQQDDAplZC5leGFtcGxlMCowBQYDK2VwAyEAK0G6kseqdsk5LY1a5Pu/+zb6wVf2
            BVVKQ0KSFgTtWL2gKDAmBgkqhkiG9w0BCQ4xGTAXMBUGA1UdEQQOMAyCCmVkLmV4
            YW1wbGUwBQYDK2VwA0EA1n1eiwx33mQCfq0oHbrWUO0hG3w6kk/Cd8/Vttw8owJi
            THlIB/Cz4UVbZW6fibCkG0fO9QPRwsPB08ctBWj0AQ==
            -----END CERTIFICATE REQUEST-----

            """,
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBQDCB86ADAgECAhQn9v0qLWi9ZFsUaEwfA5BpEQlVwDAFBgMrZXAwFTETMBEG
            A1UEAwwKZWQuZXhhbXBsZTAgFw0yNjExMzAxNjE4NDdaGA8yMTI2MTEwNjE2MTg0
            N1owFTETMBEGA1UEAwwKZWQuZXhhbXBsZTAqMAUGAytlcAMhACtBupLHqnbJOS2N
            WuT7v/s2+sFX9gVVSkNCkhYE7Vi9o1MwUTAdBgNVHQ4EFgQUHCSWLGKN31xbizb1
            lpcMr4EaQNQwHwYDVR0jBBgwFoAUHCSWLGKN31xbizb1lpcMr4EaQNQwDwYDVR0T
            AQH/BAUwAwEB/zAFBgMrZXADQQB51BlUAzw9szOxfnXCtaJap+lH9iVSB7u12tWE
            Qc27Q31gdtzq6ZD6X7uOA80/PQ11peFVL41NDKhPdIsBQCsD
            -----END CERTIFICATE-----

            """,
        oldCertificate: """
            -----BEGIN CERTIFICATE-----
            MIIBJDCB1wIUOPjlODCyx1AqA4Dwe3jY+VQO4vAwBQYDK2VwMDQxCzAJBgNVBAYT
            AkRFMRAwDgYDVQQKDAdFeGFtcGxlMRMwEQYDVQQDDAplZC5leGFtcGxlMCAXDTI2
            MTEzMDE2MTg0N1oYDzIxMjYxMTA2MTYxODQ3WjA0MQswCQYDVQQGEwJERTEQMA4G
            A1UECgwHRXhhbXBsZTETMBEGA1UEAwwKZWQuZXhhbXBsZTAqMAUGAytlcAMhACtB
            upLHqnbJOS2NWuT7v/s2+sFX9gVVSkNCkhYE7Vi9MAUGAytlcANBAB9qRD2W3Gng
            lDnorih990/Vhh+5LTvVS4ceYufmAxvhYUBSCpXE7DclkM7VxaG0uR9/UHacmSci
            kPSW5bd7Yws=
            -----END CERTIFICATE-----

            """)

    static let rsa = OpenSSLVector(
        name: "rsa.example",
        publicKey: """
            -----BEGIN PUBLIC KEY-----
            MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArvqdkefVZPsZiAwzm2q/
            g8Gx4/glJRvQ74HG/3WTirLATXK9f7jMlKtYE6q3vLGeHpLdwfgfUjXGHNwLP8V2
            kmVectWyB7rOAJjiiUD+33ZIQE2eLtbjJHxxTj7vwoUKIe7tAAXfxkf1o5mJZMGc
            s60C2yen650tb+CniKng1MFS6ow6lXE0M9dmddGdSdOgrWYOhPNKlKdDjujHxjPD
            maH3G6DPW5+eDM0gwOfPMANcjp7zJboYlYdG+WBm8ZsWVHpK631hgauHow8UaPnw
            YlXs6pfVjF7N6RYbhUJkoV5wZRGjOFJD3jaRhgiOd+c+B6lPUAj+J7/gqF3z/3cD
            AQIDAQAB
            -----END PUBLIC KEY-----

            """,
        request: """
            -----BEGIN CERTIFICATE REQUEST-----
            MIICozCCAYsCAQAwNTELMAkGA1UEBhMCREUxEDAOBgNVBAoMB0V4YW1wbGUxFDAS
            BgNVBAMMC3JzYS5leGFtcGxlMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC
            AQEArvqdkefVZPsZiAwzm2q/g8Gx4/glJRvQ74HG/3WTirLATXK9f7jMlKtYE6q3
            vLGeHpLdwfgfUjXGHNwLP8V2kmVectWyB7rOAJjiiUD+33ZIQE2eLtbjJHxxTj7v
            woUKIe7tAAXfxkf1o5mJZMGcs60C2yen650tb+CniKng1MFS6ow6lXE0M9dmddGd
            SdOgrWYOhPNKlKdDjujHxjPDmaH3G6DPW5+eDM0gwOfPMANcjp7zJboYlYdG+WBm
            8ZsWVHpK631hgauHow8UaPnwYlXs6pfVjF7N6RYbhUJkoV5wZRGjOFJD3jaRhgiO
            d+c+B6lPUAj+J7/gqF3z/3cDAQIDAQABoCkwJwYJKoZIhvcNAQkOMRowGDAWBgNV
            HREEDzANggtyc2EuZXhhbXBsZTANBgkqhkiG9w0BAQsFAAOCAQEALoSavPtGNnfD
            G7YRQAJCaMtozw24eeXc7Z779sBFNhZWBVbVzLUAp82kCFxbWLP7CrsAEqCrHX+s
            dUkwRCNPos/iGwq8vAsQstUrdGp+iB/6/OEABuk+z+eSH4lz0r65zadE2tKnTFUJ
            zozuQ+SHQrspb3DGt3wL2jGrw5iIfgDuxGAVR+VejhyVFYzHxMALEKOm9HabulHL
            wXImYxLv0P06eJNRZ9oPEegJcQAb1MkK79UrjfBvO0//AZ1QGaOaWIGuoa5S/rn3
            8KukZHSA+6NfYeonk53NND7kJwZXa+dEUPwbJK9qwSvmJT0jccSxYI4Lg/o3tWBC
            PZ85I7/hJw==
            -----END CERTIFICATE REQUEST-----

            """,
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIDDzCCAfegAwIBAgIUbqqdQWfQYDXWXawddHbc/HQBrdgwDQYJKoZIhvcNAQEL
            BQAwFjEUMBIGA1UEAwwLcnNhLmV4YW1wbGUwIBcNMjYxMTMwMTYxODQ3WhgPMjEy
            NjExMDYxNjE4NDdaMBYxFDASBgNVBAMMC3JzYS5leGFtcGxlMIIBIjANBgkqhkiG
            9w0BAQEFAAOCAQ8AMIIBCgKCAQEArvqdkefVZPsZiAwzm2q/g8Gx4/glJRvQ74HG
            /3WTirLATXK9f7jMlKtYE6q3vLGeHpLdwfgfUjXGHNwLP8V2kmVectWyB7rOAJji
            iUD+33ZIQE2eLtbjJHxxTj7vwoUKIe7tAAXfxkf1o5mJZMGcs60C2yen650tb+Cn
            iKng1MFS6ow6lXE0M9dmddGdSdOgrWYOhPNKlKdDjujHxjPDmaH3G6DPW5+eDM0g
            wOfPMANcjp7zJboYlYdG+WBm8ZsWVHpK631hgauHow8UaPnwYlXs6pfVjF7N6RYb
            hUJkoV5wZRGjOFJD3jaRhgiOd+c+B6lPUAj+J7/gqF3z/3cDAQIDAQABo1MwUTAd
            BgNVHQ4EFgQU/UUpAyqvr7uvjxIRhz30O9yICFIwHwYDVR0jBBgwFoAU/UUpAyqv
            r7uvjxIRhz30O9yICFIwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOC
            AQEAqXveshHoyMM2zi+5H2P8v1i/AjYIPQYwGU2rcplOFgpJD9VcDDSrTf2lSLkJ
            89RFDD4TUJzc+1GyUFPvfdWe2SYncIQn+/Zgt5Yhc154/pLGUYZcvFEpl675oQDc
            XQSd3NLQG35IuyyLPIsB5YJXmfRDQ2jCsH2jzppPPopW95r7Nv+PRoMpGmDjGc0/
            mVgjTcIR5oG/mLomYAC7ky3IUYBsUD0UKo+38nPu8KblL0nWoFtoiqveDdQkmcHt
            zudLcmMXPF4YYKaW99a43nOK+e8JUlBLFmpNhhgW3bly5YR1XxrgTvLpXVVzYKUn
            huF0vzZLrgHtZe0mdEWjTcQqhQ==
            -----END CERTIFICATE-----

            """,
        oldCertificate: """
            -----BEGIN CERTIFICATE-----
            MIIC8zCCAdsCFDS0Vbf4L7d2zuJHQQpNzREc89KTMA0GCSqGSIb3DQEBCwUAMDUx
            CzAJBgNVBAYTAkRFMRAwDgYDVQQKDAdFeGFtcGxlMRQwEgYDVQQDDAtyc2EuZXhh
            bXBsZTAgFw0yNjExMzAxNjE4NDdaGA8yMTI2MTEwNjE2MTg0N1owNTELMAkGA1UE
            BhMCREUxEDAOBgNVBAoMB0V4YW1wbGUxFDASBgNVBAMMC3JzYS5leGFtcGxlMIIB
            IjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArvqdkefVZPsZiAwzm2q/g8Gx
            4/glJRvQ74HG/3WTirLATXK9f7jMlKtYE6q3vLGeHpLdwfgfUjXGHNwLP8V2kmVe
            ctWyB7rOAJjiiUD+33ZIQE2eLtbjJHxxTj7vwoUKIe7tAAXfxkf1o5mJZMGcs60C
            2yen650tb+CniKng1MFS6ow6lXE0M9dmddGdSdOgrWYOhPNKlKdDjujHxjPDmaH3
            G6DPW5+eDM0gwOfPMANcjp7zJboYlYdG+WBm8ZsWVHpK631hgauHow8UaPnwYlXs
            6pfVjF7N6RYbhUJkoV5wZRGjOFJD3jaRhgiOd+c+B6lPUAj+J7/gqF3z/3cDAQID
            AQABMA0GCSqGSIb3DQEBCwUAA4IBAQBi4/FRpyUbZXqlCsg1weeHBvNsz81m4qLG
            +li6KEtmc7LvxAqOiSkrhS9Qy6oWlx+kTFYjNf4r6+kV94kMPiX6TPppYaErxGon
            iEuY6YsNkwH37tu6FGjYNhUE4DAgoHsDb7iDJ/ckm5KLTkcBaWZdQVh+kxNKQ6SO
            AztkLs9YwGsNV0+VpzfaxJqL2pAW8wa5v1IAjUydfFeNUP6OE1Lz1ziiF5904k6I
            vY3Ed/p28KRgB7G/hy568BoRGsP/LRTBDKNVhgMEtcFTqLLRMQSm2zi9ccmbtJpq
            ehGrBPtNLo5c77Zbfhobq9hHViwqFEy1O6P/9IOkK8DMAGzezPh8
            -----END CERTIFICATE-----

            """)
}
