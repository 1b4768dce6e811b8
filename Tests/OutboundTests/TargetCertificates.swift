/// An authority, with a certificate for a server and one for a client. They are valid until 2120, and serve tests alone.
enum TargetCertificates {
    /// The authority that issued both.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBazCCARCgAwIBAgIUGOrWojG9for0h2Jtb29q4GqVhrAwCgYIKoZIzj0EAwIw
        EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAw
        MDAwMFowEjEQMA4GA1UEAwwHVGVzdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH
        A0IABF3p0Ahogug4/ZNr+me5fKoshuQbBMklT4LJODEFa7pXATQoKjLhm+OCNNSP
        YuOTE5jYuuKX9VZ6z/Fhle6OMd2jQjBAMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0O
        BBYEFKGg2gqEhXsRyfrQ+7jT1V4vKO/pMA4GA1UdDwEB/wQEAwIBBjAKBggqhkjO
        PQQDAgNJADBGAiEA/oo9kk+RsGAQIdYPAfIfnFfYVFK5EMfAJ/tOrL5DyG0CIQCR
        Qq8H3PYLs/RPX2M4HyxlTuYkdrslURIb4ot1N4NAGA==
        -----END CERTIFICATE-----

        """

    /// The certificate of the server `idp.test`, which is also at 127.0.0.1.
    static let server = """
        -----BEGIN CERTIFICATE-----
        MIIBgjCCASmgAwIBAgIUaZXnUg03eHPA3bhYXdXbpWjsl60wCgYIKoZIzj0EAwIw
        EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAw
        MDAwMFowDjEMMAoGA1UEAwwDaWRwMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
        MAFzsT59Zmr0belw+ULkjAiGQsfqtRsG2sF8IGHCrSmt2cXwXLOnkos9jvKNqiPJ
        73E2yZH20H39cU9+NicOz6NfMF0wDAYDVR0TAQH/BAIwADAdBgNVHQ4EFgQUmuUl
        ffnfsUE74MAMt1Y4lLy1+XwwGQYDVR0RBBIwEIIIaWRwLnRlc3SHBH8AAAEwEwYD
        VR0lBAwwCgYIKwYBBQUHAwEwCgYIKoZIzj0EAwIDRwAwRAIgTpSgYiLMdfc0Q145
        dCblO4cQ4R7JsOlZAwB0sb1fAkICIGaw5uLmHdtetdI0oii++Cev9fGNFJoss05D
        I1AX5rt9
        -----END CERTIFICATE-----

        """

    static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgw9Mj+PxPd/1Y7w/F
        X6itXk3eMUsguj7PvsXbsljU9YShRANCAAQwAXOxPn1mavRt6XD5QuSMCIZCx+q1
        GwbawXwgYcKtKa3ZxfBcs6eSiz2O8o2qI8nvcTbJkfbQff1xT342Jw7P
        -----END PRIVATE KEY-----

        """

    /// The certificate of a client.
    static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBbDCCARGgAwIBAgIUTxUpAApfdxQSTEAW+zDvMTx5xJYwCgYIKoZIzj0EAwIw
        EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAw
        MDAwMFowETEPMA0GA1UEAwwGY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
        QgAEqtIKCmXgoHfgabE02yJn5zUK+alW4DAt3tBNtSlF7AFzT2BEvasxxC2215re
        k8sHKTGYukYfkzmA8g37Me7SAaNEMEIwDAYDVR0TAQH/BAIwADAdBgNVHQ4EFgQU
        sA6ysyG/9plOV1v40LA+XzcUxr4wEwYDVR0lBAwwCgYIKwYBBQUHAwIwCgYIKoZI
        zj0EAwIDSQAwRgIhAMwmmygr1+R+eQ9dPiLSGWRkXc28UoAMhOba+rGhbrfqAiEA
        2hZvhtz0eZcbk2F2RzgS0oEG//TbYjqysjE/vphEuhk=
        -----END CERTIFICATE-----

        """

    static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglh+rx7TgFKQkgU9L
        M4bb6xl2GLv387wnwnfny1dRiyKhRANCAASq0goKZeCgd+BpsTTbImfnNQr5qVbg
        MC3e0E21KUXsAXNPYES9qzHELbbXmt6TywcpMZi6Rh+TOYDyDfsx7tIB
        -----END PRIVATE KEY-----

        """

    /// An authority that issued none of them.
    static let otherAuthority = """
        -----BEGIN CERTIFICATE-----
        MIIBbTCCARKgAwIBAgIUEzMnk/1ct95+bb2PlzqrMQHEyPswCgYIKoZIzj0EAwIw
        EzERMA8GA1UEAwwIT3RoZXIgQ0EwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEw
        MDAwMDBaMBMxETAPBgNVBAMMCE90aGVyIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0D
        AQcDQgAEhA/M3cbzuRBbYhFmz+sdIY0+WLPk4OI9bxwpInaPYF2mr544ASn6Spih
        4tXem3o+TTVeGSQ3/QA27Rx3QVPxxqNCMEAwDwYDVR0TAQH/BAUwAwEB/zAdBgNV
        HQ4EFgQUUeanNt6ss65lYNhPqBJTfcW8aDIwDgYDVR0PAQH/BAQDAgEGMAoGCCqG
        SM49BAMCA0kAMEYCIQDz3q0zzXPpwnP96KkCIhpCgz+FjNFx8kozB7yAiA0NegIh
        ALm9CDYfcglsxsF6BGzb7P4Lf825OlYR6/njKpOpfh+b
        -----END CERTIFICATE-----

        """
}
