/// The private keys of ``OpenSSLVector``, as OpenSSL 3.0 writes them.
enum PrivateKeyVector {
    /// SEC 1
    static let p256 = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIP0MeSJWro6KilXgMzhzLYT8UWyyK32YcYRLGtPj7y6LoAoGCCqGSM49
        AwEHoUQDQgAE+b6Lqh52zVXx0hwLTqVsU3Oj6aJtQ/wpXZBrluJTBRXeoa9sTRD7
        /UwoosrOqAULF653hMN9InIanQHVxXNJ8A==
        -----END EC PRIVATE KEY-----

        """

    /// SEC 1
    static let p384 = """
        -----BEGIN EC PRIVATE KEY-----
        MIGkAgEBBDBLvBXBzNl2oNqSOg0AI/zuSxBqPmWm3hdPdffhh4nx4D8GrJjqwDQk
        4iG4xrdabxGgBwYFK4EEACKhZANiAAR7i7iUwmmzVNoweAJD+9awgrPS0Dw9MguF
        kyPJj59GyEd9kKC65vUWSHEWZo/XyzwQGm7oruwPQ3oBfxXqHJIXTDJc1WDd/8VB
        eyUG7wtx/S5ITf62oEfXtpSw+FBcQmc=
        -----END EC PRIVATE KEY-----

        """

    /// SEC 1
    static let p521 = """
        -----BEGIN EC PRIVATE KEY-----
        MIHcAgEBBEIBQ+i2gQFfgI2NbJvndEWBVfgCFSL3z3EJgtd9ldlyt37Tj38dKnrc
        X1BQgcPo5YqaPfzguLz+9C/MkBtZ5VTt5eagBwYFK4EEACOhgYkDgYYABAEATU/P
        7OGnTdXMnjWlgUh2mlCH9iGxTyBkVY55QG7plywGOgGxueJe4r41jIUlLlKcibV+
        8TSU+6NVZ7H3U/yTngAzRSfUqa+pKyizGBM/zktNHJk3xyIfmNHkbqMZaSQL5jwO
        ZyIUsr8e6iFXwf37ge5ec4ccbT1su0uj+gxPqnuoIQ==
        -----END EC PRIVATE KEY-----

        """

    /// PKCS #8
    static let ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIDiVYBkPYtDpNB51rnoqaDcEUGlOix4Zmyj6cbr5Wzy4
        -----END PRIVATE KEY-----

        """
    /// PKCS #8
    static let ecdsa = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/Qx5IlaujoqKVeAz
        OHMthPxRbLIrfZhxhEsa0+PvLouhRANCAAT5vouqHnbNVfHSHAtOpWxTc6Ppom1D
        /CldkGuW4lMFFd6hr2xNEPv9TCiiys6oBQsXrneEw30ichqdAdXFc0nw
        -----END PRIVATE KEY-----

        """
}
