// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // An async function stays where its caller runs, so that a request that waits for nothing changes no executor.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

/// A room of Coffer. Rooms may import only rooms listed here; `RoomTests` checks the sources against it.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]

let package = Package(
    name: "coffer",
    products: [
        .executable(name: "coffer", targets: ["coffer"]),
        // Syntax too: the JSON that the client takes and returns.
        .library(name: "CofferClient", targets: ["CofferClient", "Syntax"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Bytes and text formats.
        .target(name: "CSecretMemory"),
        room("SecretMemory", ["CSecretMemory"]),
        room("Syntax"),
        // Libraries of the system; where their headers are, pkg-config says.
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLDAP", pkgConfig: "ldap", providers: [.apt(["libldap-dev"])]),
        room("Hashes", ["COpenSSL"]),
        room("Ciphers", ["SecretMemory", "COpenSSL", crypto, cryptoExtras]),
        // Keys, requests and certificates as DER and PEM.
        room("Certificates", ["Syntax", crypto, asn1, x509]),
        // Codes that follow the time, and the QR codes that carry their secrets.
        room("OneTimeCodes", ["SecretMemory", "Syntax", crypto]),
        // The contract.
        room("Capabilities", ["SecretMemory", "Syntax", "Hashes", crypto]),
        room("EngineKit", ["SecretMemory", "Syntax", logging]),
        // What lies between the contract and whatever keeps records.
        room("Records", ["Syntax", "EngineKit"]),
        // What stores are made of, and the store in memory.
        room("StoreKit", ["Syntax", "EngineKit"]),
        room("PasswordPolicies", ["Syntax", "EngineKit"]),
        room("LoginGuards", ["Syntax", "EngineKit", "Records"]),
        // Signed tokens and the keys of those who sign them.
        room("JOSE", ["Syntax", "Certificates", "EngineKit", crypto, cryptoExtras]),
        // What the clients and the servers of OAuth share.
        room("OAuth", ["Syntax", "EngineKit", crypto]),
        // Rooms with one job each.
        room("Barrier", ["SecretMemory", "Syntax", "Ciphers", "EngineKit", crypto, cryptoExtras]),
        room("Policy", ["Syntax", "EngineKit"]),
        room("Audit", ["SecretMemory", "Hashes", "Syntax", "EngineKit", crypto, logging]),
        room(
            "Lifetimes",
            ["SecretMemory", "Hashes", "Capabilities", "Syntax", "EngineKit", "Records", "LoginGuards", crypto, logging]),
        room("Identity", ["Syntax", "EngineKit", "Records", "OneTimeCodes"]),
        // Signed tokens that say who an entity is, and the OpenID provider.
        room(
            "IdentityTokens",
            ["SecretMemory", "Syntax", "EngineKit", "Records", "JOSE", "OAuth", "Identity", crypto, logging]),
        room(
            "StoreSQLite",
            [
                "Syntax", "EngineKit", "StoreKit", logging, .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        // Calls to other servers over HTTP: the one way out.
        room("Outbound", ["Syntax", "EngineKit", .product(name: "NIOTLS", package: "swift-nio")] + nio),
        // libldap, for whoever asks a directory.
        room("Directories", ["CLDAP", "Syntax", "EngineKit", "Outbound"]),
        // libpq, and what blocking clients run on; for whoever speaks to a database server.
        room("DatabaseClients", ["CPostgres", "Syntax", "EngineKit"]),
        room("Databases", ["DatabaseClients", "CHiredis", "COpenSSL", "Syntax", "EngineKit", crypto]),
        room("StorePostgres", ["DatabaseClients", "Syntax", "EngineKit", "StoreKit", crypto, logging]),
        // Tests of credentials at their providers, and what credentials look like.
        room(
            "CredentialChecks",
            ["SecretMemory", "Syntax", "EngineKit", "Outbound", "DatabaseClients", "Databases", crypto]),
        room("ServiceRules", ["Syntax", "EngineKit", .product(name: "Yams", package: "Yams")]),
        // The one pipeline.
        room(
            "Core",
            [
                "SecretMemory", "Capabilities", "Syntax", "EngineKit", "Records", "PasswordPolicies", "LoginGuards", "Barrier",
                "Policy",
                "Audit", "Lifetimes", "Identity", "IdentityTokens",
                crypto,
                logging,
            ]),
        // Engines.
        room("KVEngine", ["Syntax", "EngineKit", "Records"]),
        room(
            "ConnectionsEngine",
            [
                "SecretMemory", "Syntax", "EngineKit", "Records", "Outbound", "CredentialChecks", crypto, cryptoExtras, logging,
                .product(name: "Yams", package: "Yams"),
            ]),
        room("DatabaseEngine", ["Syntax", "EngineKit", "Records", "PasswordPolicies", "DatabaseClients", "Databases", logging]),
        room("ProjectsEngine", ["Syntax", "EngineKit", "Records"]),
        room("RemoteKVEngine", ["Syntax", "EngineKit"]),
        room("UserSecretsEngine", ["SecretMemory", "Syntax", "EngineKit", "Records", crypto, logging]),
        room(
            "TransitEngine",
            ["SecretMemory", "Syntax", "Hashes", "Ciphers", "Certificates", "EngineKit", "Records", crypto, cryptoExtras, logging]),
        room(
            "AuthMethods",
            [
                "SecretMemory", "Syntax", "Certificates", "EngineKit", "Records", "LoginGuards", "JOSE", "OAuth", "Outbound",
                "Directories",
                crypto,
                cryptoExtras, logging,
            ]),
        // The shell and the dialects.
        room(
            "HTTPShell",
            [
                "Syntax", "Certificates", "EngineKit", logging,
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdHTTP2", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ] + nio),
        room(
            "VaultAPI",
            ["Syntax", "EngineKit", "Core", "HTTPShell", .product(name: "HTTPTypes", package: "swift-http-types")] + nio),
        room("EngineAPI", ["SecretMemory", "Syntax", "EngineKit", "Outbound", "Core", "HTTPShell", crypto] + nio),
        room(
            "ServiceAPI",
            [
                "SecretMemory", "Capabilities", "Syntax", "EngineKit", "Records", "LoginGuards", "ServiceRules", "Core",
                "HTTPShell", crypto,
                logging,
            ]
                + nio),
        room(
            "UserAPI", ["SecretMemory", "Syntax", "EngineKit", "JOSE", "Core", "HTTPShell"] + nio),
        // Composition root.
        room(
            "Server",
            [
                "SecretMemory", "Syntax", "EngineKit", "StoreKit", "Barrier", "Policy", "Audit", "Lifetimes", "StoreSQLite",
                "StorePostgres",
                "Core", "KVEngine", "DatabaseEngine", "TransitEngine", "AuthMethods", "Directories", "HTTPShell", "VaultAPI",
                "Outbound",
                "CredentialChecks", "ConnectionsEngine", "EngineAPI", "ServiceRules", "ProjectsEngine", "RemoteKVEngine",
                "ServiceAPI", "CofferClient", "UserSecretsEngine", "UserAPI", "JOSE",
                crypto, logging,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ] + nio),
        // The public SDK and the executable.
        room("CofferClient", ["Syntax", .product(name: "AsyncHTTPClient", package: "async-http-client")] + nio),
        room(
            "CLI",
            [
                "CofferClient", "Syntax", "Capabilities", "Server", "ServiceRules", "Audit", "Policy", "ConnectionsEngine",
                .product(name: "Yams", package: "Yams"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"), nio[0],
            ]),
        .executableTarget(name: "coffer", dependencies: ["CLI"], swiftSettings: settings),
        // What only tests need.
        room("TestSupport", ["SecretMemory", "Syntax", "EngineKit", "StoreKit", "Outbound", logging, crypto, asn1, x509]),
        tests("RoomTests", []),
        tests(
            "GuideTests",
            [
                "Barrier", "Core", "EngineKit", "HTTPShell", "Records", "SecretMemory", "StoreKit", "Syntax", "TestSupport",
                logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ] + nio),
        tests(
            "GoldenTests",
            [
                "StoreKit", "Audit", "AuthMethods", "Barrier", "ConnectionsEngine", "Core", "DatabaseEngine", "Identity",
                "IdentityTokens", "KVEngine",
                "Lifetimes", "LoginGuards", "ProjectsEngine", "Records", "TransitEngine", "UserSecretsEngine", "EngineKit",
                "SecretMemory", "Syntax",
                "TestSupport", cryptoExtras,
                logging,
            ]),
        tests(
            "HTTPShellTests",
            [
                "HTTPShell", "EngineKit", "Syntax", crypto, logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ] + nio),
        tests("VaultAPITests", ["VaultAPI", "HTTPShell", "Core", "EngineKit", "Syntax"] + nio),
        tests(
            "ServerTests",
            [
                "Server", "EngineKit", "HTTPShell", "Outbound", "Syntax", logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ] + nio),
        tests(
            "LifetimesTests",
            ["Lifetimes", "LoginGuards", "Capabilities", "EngineKit", "SecretMemory", "Syntax", "TestSupport", crypto]),
        tests(
            "CoreTests",
            [
                "Core", "Capabilities", "LoginGuards", "SecretMemory", "Barrier", "EngineKit", "KVEngine", "AuthMethods",
                "TransitEngine", "DatabaseEngine", "OneTimeCodes", "Syntax", "TestSupport", logging,
            ]),
        tests("AuditTests", ["Audit", "Hashes", "EngineKit", "Syntax", "SecretMemory", "TestSupport", crypto, logging]),
        tests("OutboundTests", ["Outbound", "EngineKit", "TestSupport"] + nio),
        tests(
            "ConnectionsEngineTests",
            ["ConnectionsEngine", "Outbound", "EngineKit", "Syntax", "TestSupport", "StoreSQLite", logging] + nio),
        tests(
            "EngineAPITests",
            [
                "EngineAPI", "ConnectionsEngine", "Core", "Barrier", "HTTPShell", "Outbound", "SecretMemory", "EngineKit", "Syntax",
                "TestSupport", logging,
            ] + nio),
        tests("RecordsTests", ["Records", "EngineKit", "Syntax", "TestSupport"]),
        tests("KVEngineTests", ["KVEngine", "EngineKit", "Syntax", "TestSupport", logging]),
        tests("ProjectsEngineTests", ["ProjectsEngine", "EngineKit", "Syntax", "TestSupport", logging]),
        tests(
            "UserSecretsEngineTests",
            ["UserSecretsEngine", "StoreKit", "EngineKit", "Records", "SecretMemory", "Syntax", "TestSupport", logging]),
        tests("RemoteKVEngineTests", ["RemoteKVEngine", "EngineKit", "Syntax", "TestSupport", logging]),
        tests("DatabasesTests", ["DatabaseClients", "Databases", "EngineKit", "Syntax", "TestSupport"]),
        tests(
            "DatabaseEngineTests",
            ["DatabaseEngine", "DatabaseClients", "Databases", "EngineKit", "Syntax", "TestSupport", logging]),
        tests("PasswordPolicyTests", ["PasswordPolicies", "EngineKit", "Syntax", "TestSupport"]),
        tests("SecretMemoryTests", ["SecretMemory"]),
        tests("HashesTests", ["Hashes", crypto]),
        tests("CertificatesTests", ["Certificates", "Syntax", "TestSupport", crypto, cryptoExtras, asn1, x509]),
        tests("CiphersTests", ["Ciphers", "SecretMemory", "Syntax", "TestSupport"]),
        tests(
            "TransitEngineTests",
            [
                "TransitEngine", "Certificates", "Ciphers", "EngineKit", "SecretMemory", "Syntax", "TestSupport", crypto,
                cryptoExtras, logging, asn1, x509,
            ]),
        tests("DirectoriesTests", ["Directories"]),
        tests(
            "AuthMethodsTests",
            [
                "AuthMethods", "Directories", "LoginGuards", "JOSE", "EngineKit", "Outbound", "SecretMemory", "Syntax",
                "TestSupport",
                crypto, logging, x509,
            ]),
        tests("JOSETests", ["JOSE", "EngineKit", "Syntax", "TestSupport", crypto]),
        tests("OAuthTests", ["OAuth"]),
        tests(
            "IdentityTokensTests",
            ["IdentityTokens", "Identity", "JOSE", "OAuth", "EngineKit", "Records", "Syntax", "TestSupport", crypto, logging]),
        tests(
            "CredentialChecksTests",
            ["CredentialChecks", "Outbound", "DatabaseClients", "Databases", "EngineKit", "Syntax", "TestSupport"]),
        tests("OneTimeCodesTests", ["OneTimeCodes", "Syntax", crypto]),
        tests("IdentityTests", ["Identity", "OneTimeCodes", "EngineKit", "Syntax", "TestSupport"]),
        tests("SyntaxTests", ["Syntax"]),
        tests("PolicyTests", ["Syntax", "Policy", "EngineKit"]),
        tests("CapabilitiesTests", ["Capabilities"]),
        tests(
            "ServiceAPITests",
            [
                "ServiceAPI", "Capabilities", "Core", "HTTPShell", "EngineKit", "SecretMemory", "ServiceRules", "Syntax",
                "TestSupport", logging,
            ] + nio),
        tests(
            "UserAPITests",
            [
                "UserAPI", "UserSecretsEngine", "Barrier", "Core", "HTTPShell", "EngineKit", "JOSE", "AuthMethods", "SecretMemory",
                "Syntax", "TestSupport", crypto, logging,
            ] + nio),
        tests("ServiceRulesTests", ["ServiceRules", "Policy", "EngineKit", "TestSupport"]),
        tests("ClientTests", ["CofferClient", "Syntax"]),
        tests("CLITests", ["CLI", "CofferClient", "Syntax", "TestSupport"]),
        tests("BarrierTests", ["Barrier", "Ciphers", "SecretMemory", "Syntax", "EngineKit", "TestSupport", crypto]),
        tests(
            "SimulationTests",
            [
                "StoreKit", "StorePostgres", "DatabaseClients", "Core", "Barrier", "Lifetimes", "SecretMemory", "EngineKit",
                "TestSupport",
                logging,
            ]),
        tests("StorePostgresTests", ["StorePostgres", "DatabaseClients", "EngineKit", "TestSupport", logging]),
        tests(
            "StorageTests",
            ["StoreKit", "EngineKit", "StoreSQLite", "TestSupport", logging, .product(name: "GRDB", package: "GRDB.swift")]),
    ],
    swiftLanguageModes: [.v6]
)

// libFuzzer supplies half of this executable, so only scripts/run-fuzzers builds it.
if Context.environment["COFFER_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Syntax", "EngineKit", "StoreKit", "PasswordPolicies", "SecretMemory", "Policy", "Audit", "Barrier", "Certificates",
                "Ciphers", "Capabilities",
                "ServiceRules", "TransitEngine", "KVEngine", "DatabaseClients", "Databases", "DatabaseEngine", "ConnectionsEngine",
                "Outbound", "JOSE", "OAuth", "CredentialChecks",
            ],
            path: "Fuzz/Sources")
    )
}

// A server with a million leases to measure; only bench/leases builds it.
if Context.environment["COFFER_BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "LeaseBench",
            dependencies: ["Syntax", "EngineKit", "StoreKit", "Barrier", "Lifetimes", "StoreSQLite", "Server", logging],
            path: "bench/LeaseBench", swiftSettings: settings))
}
