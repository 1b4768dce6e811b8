import DatabaseClients
import EngineKit
import Syntax

extension DatabasePlugin {
    static let redis = DatabasePlugin(
        name: "redis-database-plugin", summary: "ACL users of Redis and Valkey, through hiredis.",
        fields: [
            Field("host", .string, "Name or address of the server."), Field("port", .int, "Its port; 6379 by default."),
            Field("tls", .bool, "Speak TLS with the server."), Field("insecure_tls", .bool, "Do not check its certificate."),
            Field("ca_cert", .string, "PEM of the authority that its certificate comes from."),
            Field("persistence_mode", .string, "ACLFILE or REWRITE saves every change at the server."),
        ] + PoolSettings.fields,
        secretFields: [],
        usernameTemplate:
            #"{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 15) (.RoleName | truncate 15) (random 20) (unix_time) | uppercase | truncate 80 }}"#,
        usernameBytesMax: 128,
        make: { settings throws(DatabaseError) in try RedisDriver(settings) },
        checkStatements: { statements throws(DatabaseError) in _ = try RedisRules.parse(statements) },
        destination: { details in
            // A setting that is absent has the driver's default.
            let defaults: JSONObject = [
                "host": "", "port": .int(RedisTarget.defaultPort), "tls": false, "insecure_tls": false, "ca_cert": "",
            ]
            return JSONObject(defaults.members.map { .init(key: $0.key, value: details[$0.key] ?? $0.value) })
        })
}
