// Databases, by their connection strings.

extension Provider {
    static let databases: [Provider] = [
        Provider(
            "postgresql", "PostgreSQL", types: [.connectionString],
            patterns: [KeyPattern(.text(["postgresql://", "postgres://"]), .run(.visible, .atLeast(1)))],
            example: "postgresql://user:EXAMPLE@db.example.com/app?sslmode=verify-full",
            documentation: "https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING",
            notes: ["Without an sslmode, the server's certificate must be valid for its name (verify-full)."], check: .postgreSQL),
        Provider(
            "mysql", "MySQL", types: [.connectionString],
            patterns: [KeyPattern(.text(["mysql://", "mysqlx://", "mariadb://"]), .run(.visible, .atLeast(1)))],
            example: "mysql://user:EXAMPLE@db.example.com/app", documentation: "https://dev.mysql.com/doc/", notes: [noClient],
            check: .noClient),
        Provider(
            "redis", "Redis", types: [.connectionString],
            patterns: [KeyPattern(.text(["redis://", "rediss://"]), .run(.visible, .atLeast(1)))],
            example: "rediss://user:EXAMPLE@cache.example.com:6379", documentation: "https://redis.io/docs/latest/operate/",
            notes: ["redis:// sends the password without encryption; use rediss://."], check: .redis),
        Provider(
            "mongodb", "MongoDB", types: [.connectionString],
            patterns: [KeyPattern(.text(["mongodb://", "mongodb+srv://"]), .run(.visible, .atLeast(1)))],
            example: "mongodb+srv://user:EXAMPLE@cluster.example.com",
            documentation: "https://www.mongodb.com/docs/manual/reference/connection-string/", notes: [noClient], check: .noClient),
    ]

    private static let noClient = "Coffer has no client for this database, so a connection string cannot be tested."
}
