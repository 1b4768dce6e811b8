/// Who may import whom. A room may use the rooms listed beside it, all of which stand in a lower layer.
///
/// It is written out here a second time, apart from `Package.swift`, so that a wall can only be moved on purpose.
enum RoomRules {
    struct Room {
        var layer: Int
        var rooms: Set<String>
        /// Packages from outside, each of which has few rooms that may know it.
        var packages: Set<String> = []
    }

    /// Part of the toolchain; any room may use them.
    static let platform: Set<String> = [
        "Swift", "Synchronization", "Foundation", "FoundationEssentials", "CoreFoundation", "Glibc", "Musl", "Darwin", "Dispatch",
    ]

    private static let nio: Set<String> = [
        "NIOCore", "NIOPosix", "NIOHTTP1", "NIOHTTP2", "NIOSSL", "NIOTLS", "NIOConcurrencyHelpers", "NIOFoundationCompat",
    ]

    static let rooms: [String: Room] = [
        "CSecretMemory": Room(layer: 0, rooms: []),
        "CPostgres": Room(layer: 0, rooms: []),
        "CHiredis": Room(layer: 0, rooms: []),
        "COpenSSL": Room(layer: 0, rooms: []),
        "CLDAP": Room(layer: 0, rooms: []),
        "SecretMemory": Room(layer: 1, rooms: ["CSecretMemory"]),
        "Syntax": Room(layer: 1, rooms: []),
        "Hashes": Room(layer: 1, rooms: ["COpenSSL"]),
        "Capabilities": Room(layer: 2, rooms: ["SecretMemory", "Syntax", "Hashes"], packages: ["Crypto"]),
        "Ciphers": Room(layer: 2, rooms: ["SecretMemory", "COpenSSL"], packages: ["Crypto", "CryptoExtras"]),
        "Certificates": Room(layer: 2, rooms: ["Syntax"], packages: ["Crypto", "SwiftASN1", "X509"]),
        // Codes that follow the time, and the QR codes that carry their secrets.
        "OneTimeCodes": Room(layer: 2, rooms: ["SecretMemory", "Syntax"], packages: ["Crypto"]),
        "EngineKit": Room(layer: 2, rooms: ["SecretMemory", "Syntax"], packages: ["Logging"]),

        // What lies between the contract and whatever keeps records.
        "Records": Room(layer: 3, rooms: ["Syntax", "EngineKit"]),
        // What stores are made of: pages of a listing, caches, commits that wait for others, and the store in memory.
        "StoreKit": Room(layer: 3, rooms: ["Syntax", "EngineKit"]),
        "PasswordPolicies": Room(layer: 3, rooms: ["Syntax", "EngineKit"]),
        "LoginGuards": Room(layer: 4, rooms: ["Syntax", "EngineKit", "Records"]),
        // Signed tokens and the keys of those who sign them.
        "JOSE": Room(layer: 3, rooms: ["Syntax", "Certificates", "EngineKit"], packages: ["Crypto", "CryptoExtras"]),
        // What the clients and the servers of OAuth share.
        "OAuth": Room(layer: 3, rooms: ["Syntax", "EngineKit"], packages: ["Crypto"]),

        "Barrier": Room(
            layer: 5, rooms: ["SecretMemory", "Syntax", "Ciphers", "EngineKit"], packages: ["Crypto", "CryptoExtras"]),
        "Policy": Room(layer: 5, rooms: ["Syntax", "EngineKit"]),
        "Audit": Room(
            layer: 5, rooms: ["SecretMemory", "Hashes", "Syntax", "EngineKit"], packages: ["Crypto", "Logging"]),
        "Lifetimes": Room(
            layer: 5, rooms: ["SecretMemory", "Hashes", "Capabilities", "Syntax", "EngineKit", "Records", "LoginGuards"],
            packages: ["Crypto", "Logging"]),
        "Identity": Room(layer: 5, rooms: ["Syntax", "EngineKit", "Records", "OneTimeCodes"]),
        // Signs what Identity knows, so it is above both.
        "IdentityTokens": Room(
            layer: 6, rooms: ["SecretMemory", "Syntax", "EngineKit", "Records", "JOSE", "OAuth", "Identity"],
            packages: ["Crypto", "Logging"]),
        // libpq and blocking threads, for the two rooms that speak to database servers.
        "DatabaseClients": Room(layer: 5, rooms: ["CPostgres", "Syntax", "EngineKit"]),
        "Databases": Room(
            layer: 6, rooms: ["DatabaseClients", "CHiredis", "COpenSSL", "Syntax", "EngineKit"], packages: ["Crypto"]),
        "StorePostgres": Room(
            layer: 6, rooms: ["DatabaseClients", "Syntax", "EngineKit", "StoreKit"], packages: ["Crypto", "Logging"]),
        "StoreSQLite": Room(
            layer: 5, rooms: ["Syntax", "EngineKit", "StoreKit"], packages: ["GRDB", "GRDBSQLite", "Logging"]),

        // The one way out over HTTP.
        "Outbound": Room(layer: 5, rooms: ["Syntax", "EngineKit"], packages: nio),
        // libldap, and sessions with directories. What a host and an address is, the way out over HTTP says.
        "Directories": Room(layer: 6, rooms: ["CLDAP", "Syntax", "EngineKit", "Outbound"]),
        "ServiceRules": Room(layer: 5, rooms: ["Syntax", "EngineKit"], packages: ["Yams"]),

        "Core": Room(
            layer: 7,
            rooms: [
                "SecretMemory", "Capabilities", "Syntax", "EngineKit", "Records", "PasswordPolicies", "LoginGuards", "Barrier",
                "Policy",
                "Audit", "Lifetimes", "Identity", "IdentityTokens",
            ],
            packages: ["Crypto", "Logging"]),
        // Tests of credentials at their providers; engines are above it.
        "CredentialChecks": Room(
            layer: 7, rooms: ["SecretMemory", "Syntax", "EngineKit", "Outbound", "DatabaseClients", "Databases"],
            packages: ["Crypto"]),
        // An engine knows the contract and nothing of the core that calls it.
        "KVEngine": Room(layer: 7, rooms: ["Syntax", "EngineKit", "Records"]),
        "ConnectionsEngine": Room(
            layer: 8, rooms: ["SecretMemory", "Syntax", "EngineKit", "Records", "Outbound", "CredentialChecks"],
            packages: ["Crypto", "CryptoExtras", "Logging", "Yams"]),
        "DatabaseEngine": Room(
            layer: 7, rooms: ["Syntax", "EngineKit", "Records", "PasswordPolicies", "DatabaseClients", "Databases"],
            packages: ["Logging"]),
        "ProjectsEngine": Room(layer: 7, rooms: ["Syntax", "EngineKit", "Records"]),
        "RemoteKVEngine": Room(layer: 7, rooms: ["Syntax", "EngineKit"]),
        "UserSecretsEngine": Room(
            layer: 7, rooms: ["SecretMemory", "Syntax", "EngineKit", "Records"], packages: ["Crypto", "Logging"]),
        "TransitEngine": Room(
            layer: 7, rooms: ["SecretMemory", "Syntax", "Hashes", "Ciphers", "Certificates", "EngineKit", "Records"],
            packages: ["Crypto", "CryptoExtras", "Logging"]),
        "AuthMethods": Room(
            layer: 7,
            rooms: [
                "SecretMemory", "Syntax", "Certificates", "EngineKit", "Records", "LoginGuards", "JOSE", "OAuth", "Outbound",
                "Directories",
            ],
            packages: ["Crypto", "CryptoExtras", "Logging"]),

        "HTTPShell": Room(
            layer: 8, rooms: ["Syntax", "Certificates", "EngineKit"],
            packages: nio.union([
                "Logging", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "HummingbirdHTTP2", "HTTPTypes", "ServiceLifecycle",
            ])),
        "VaultAPI": Room(
            layer: 9, rooms: ["Syntax", "EngineKit", "Core", "HTTPShell"], packages: nio.union(["HTTPTypes", "Logging"])),
        "EngineAPI": Room(
            layer: 9, rooms: ["SecretMemory", "Syntax", "EngineKit", "Outbound", "Core", "HTTPShell"],
            packages: nio.union(["Crypto"])),
        "ServiceAPI": Room(
            layer: 9,
            rooms: [
                "SecretMemory", "Capabilities", "Syntax", "EngineKit", "Records", "LoginGuards", "ServiceRules", "Core",
                "HTTPShell",
            ],
            packages: nio.union(["Crypto", "Logging"])),
        "UserAPI": Room(
            layer: 9, rooms: ["SecretMemory", "Syntax", "EngineKit", "JOSE", "Core", "HTTPShell"], packages: nio),
        "Server": Room(
            layer: 10,
            rooms: [
                "SecretMemory", "JOSE", "Syntax", "EngineKit", "StoreKit", "Barrier", "Policy", "Audit", "Lifetimes", "StoreSQLite",
                "StorePostgres",
                "Core",
                "KVEngine", "DatabaseEngine", "TransitEngine", "AuthMethods", "Directories", "HTTPShell", "VaultAPI", "Outbound",
                "CredentialChecks", "ConnectionsEngine",
                "EngineAPI",
                "ServiceRules", "ProjectsEngine", "RemoteKVEngine", "ServiceAPI", "UserSecretsEngine",
                "UserAPI",
                // Only to ask another server that keeps the secrets.
                "CofferClient",
            ],
            packages: nio.union(["Crypto", "Logging", "ServiceLifecycle", "UnixSignals"])),

        // The public SDK knows no room of the server.
        "CofferClient": Room(layer: 2, rooms: ["Syntax"], packages: nio.union(["AsyncHTTPClient"])),
        "CLI": Room(
            layer: 11,
            rooms: [
                "CofferClient", "Syntax", "SecretMemory", "Capabilities", "Server", "ServiceRules", "Audit", "Policy",
                "ConnectionsEngine",
            ],
            packages: ["ArgumentParser", "Yams", "NIOCore"]),
        "coffer": Room(layer: 12, rooms: ["CLI"]),
        // What only tests need; no room lists it.
        "TestSupport": Room(
            layer: 13, rooms: ["SecretMemory", "Syntax", "EngineKit", "StoreKit", "Outbound"],
            packages: ["Testing", "Logging", "Crypto", "SwiftASN1", "X509"]),
    ]

    /// Drivers that exactly one room may know, whatever the table above comes to say.
    static let drivers: [String: String] = [
        "GRDB": "StoreSQLite", "GRDBSQLite": "StoreSQLite", "Hummingbird": "HTTPShell", "AsyncHTTPClient": "CofferClient",
        "ArgumentParser": "CLI",
    ]

    /// One line for each import that crosses a wall.
    static func violations(in tree: SourceTree) -> [String] {
        tree.files.flatMap { file in
            file.imports.compactMap { found in
                refusal(of: found.module, in: file.room).map { "\(file.path):\(found.line): \($0)" }
            }
        }
    }

    private static func refusal(of module: String, in name: String) -> String? {
        guard let room = rooms[name] else { return "\(name) is not a room in the table" }
        if platform.contains(module) || module == name { return nil }
        if let other = rooms[module] {
            guard other.layer < room.layer else { return "\(name) reaches \(module), which is not below it" }
            return room.rooms.contains(module) ? nil : "\(name) may not import the room \(module)"
        }
        if let only = drivers[module], only != name { return "\(module) belongs to \(only) alone" }
        return room.packages.contains(module) ? nil : "\(name) may not import the package \(module)"
    }
}
