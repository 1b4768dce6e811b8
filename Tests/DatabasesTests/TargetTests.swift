import DatabaseClients
import EngineKit
import Syntax
import TestSupport
import Testing

@testable import Databases

@Suite("Connection settings")
struct TargetTests {
    static func target(_ url: String, _ more: JSONObject = [:], username: String = "admin", password: String = "p") throws
        -> PostgresTarget
    {
        var details = more
        details["connection_url"] = .string(url)
        return try PostgresTarget(url: url, username: username, password: password, details: details)
    }

    @Test("puts username and password in as values, whatever is in them")
    func substitutes() throws {
        for password in ["p@ss/w:rd?#&%41", "a b'c\\d", "{{username}}x", "host=evil"] {
            let url = try Self.target(
                "postgresql://{{username}}:{{password}}@db.local:5433/app?sslmode=disable", password: password)
            #expect(url.parameters["host"] == "db.local" && url.parameters["port"] == "5433" && url.parameters["dbname"] == "app")
            #expect(url.parameters["user"] == "admin")
            #expect(url.parameters["password"] == password)
            let words = try Self.target("host=db.local user={{username}} password={{password}}", password: password)
            #expect(words.parameters["host"] == "db.local" && words.parameters["password"] == password)
        }
    }

    @Test("uses the configured user where the URL names none")
    func fillsIn() throws {
        let target = try Self.target("postgresql://db.local/app")
        #expect(target.parameters["user"] == "admin" && target.parameters["password"] == "p")
    }

    @Test("brings no credentials of this process's environment or home")
    func ownCredentials() throws {
        let target = try Self.target("postgresql://db.local/app", username: "u", password: "")
        // What is empty or absent would be taken from PGPASSWORD and ~/.postgresql.
        #expect(target.parameters["password"]?.isEmpty == false && target.parameters["sslcert"]?.isEmpty == false)
        #expect(target.parameters["passfile"] == "/dev/null")
        let own = try PostgresTarget(url: "postgresql://db.local/app", allowsFiles: true)
        #expect(own.parameters["password"] == nil && own.parameters["sslcert"] == nil)
    }

    @Test(
        "refuses URLs that cannot be read or that reach for files",
        arguments: [
            "", "postgresql://a:b@c:notaport/x?bogus=1", "postgresql://h/d?service=x", "postgresql://h/d?passfile=/etc/shadow",
            "postgresql://h/d?sslkey=/etc/key", "postgresql://h/d?sslcert=/etc/cert", "postgresql://h/d?sslrootcert=/etc/passwd",
            "postgresql://h/d?options=-c%20role%3Dx", "host=h sslcrl=/x",
        ])
    func refuses(url: String) {
        #expect(throws: DatabaseError.self) { try Self.target(url) }
    }

    @Test("no error repeats the URL")
    func errorsAreSilent() {
        do {
            _ = try Self.target("postgresql://u:canary-secret@h/d?bogus=canary-other")
            Issue.record("it was taken")
        } catch let error as DatabaseError {
            #expect(!error.message.contains("canary"))
        } catch {
            Issue.record("another error")
        }
    }

    @Test("bounds the time to connect")
    func boundsTime() throws {
        #expect(try Self.target("postgresql://h/d").parameters["connect_timeout"] == "5")
        #expect(try Self.target("postgresql://h/d?connect_timeout=0").parameters["connect_timeout"] == "2")
        #expect(try Self.target("postgresql://h/d?connect_timeout=9999").parameters["connect_timeout"] == "30")
    }

    @Test(
        "shows no password that stands in a URL",
        arguments: [
            ("postgresql://{{username}}:{{password}}@h/d", "postgresql://{{username}}:{{password}}@h/d"),
            ("postgresql://u:secret@h/d", "postgresql://u:*****@h/d"), ("postgresql://u:se%40cret@h:1/d?x", "*****"),
            ("postgresql://u@h/d?password=secret", "*****"), ("host=h password=secret", "*****"),
            ("postgresql://u@h/d", "postgresql://u@h/d"),
        ])
    func masks(url: String, shown: String) {
        let masked = PostgresTarget.masked(url)
        #expect(!masked.contains("secret") || url == shown)
        if !url.hasSuffix("?x") { #expect(masked == shown) }
    }

    @Test("a certificate authority is asked about the server's name unless the URL says otherwise")
    func verifies() throws {
        let pem: JSON = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
        #expect(try Self.target("postgresql://h/d", ["tls_ca": pem]).parameters["sslmode"] == "verify-full")
        #expect(try Self.target("postgresql://h/d?sslmode=verify-ca", ["tls_ca": pem]).parameters["sslmode"] == "verify-ca")
        #expect(throws: DatabaseError.self) { try Self.target("postgresql://h/d", ["tls_ca": "/etc/ssl/ca.pem"]) }
    }

    @Test("a certificate of ours and its key come together", arguments: ["tls_certificate", "private_key", "tls_certificate_key"])
    func pairs(field: String) throws {
        let settings = DriverSettings(
            details: ["connection_url": "postgresql://h/d", field: "-----BEGIN X-----\ncanary\n-----END X-----\n"], username: "u",
            password: "p", time: ManualTime())
        let plugin = try #require(DatabasePlugin.builtIn.first { $0.name.hasPrefix("postgresql") })
        do throws(DatabaseError) {
            _ = try plugin.make(settings)
            Issue.record("it was taken")
        } catch {
            #expect(error.message.contains("tls_certificate and private_key") && !error.message.contains("canary"))
        }
    }

    @Test("Redis rules are words of their own and never about passwords")
    func redisRules() throws {
        #expect(try RedisRules.parse([#"["+@read", "~app:*"]"#]) == ["+@read", "~app:*"])
        #expect(try RedisRules.parse(["+@read ~*", "-@dangerous"]) == ["+@read", "~*", "-@dangerous"])
        #expect(try RedisRules.parse([#"["~two words"]"#]) == ["~two words"])
        for hostile in ["nopass", "NoPass", ">secret", "#abc", "<x", "!x", "reset", "resetpass", "on", "off"] {
            #expect(throws: DatabaseError.self) { try RedisRules.parse([hostile]) }
        }
        for broken in [#"["+@read""#, #"[1]"#, #"["a\u0000b"]"#, #"[""]"#] {
            #expect(throws: DatabaseError.self) { try RedisRules.parse([broken]) }
        }
    }
}
