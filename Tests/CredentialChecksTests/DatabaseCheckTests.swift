import CredentialChecks
import EngineKit
import Foundation
import Outbound
import TestSupport
import Testing

/// Real servers, which `scripts/run-tests` starts: port, user and password.
enum TestServers {
    static let postgres = words("COFFER_TEST_POSTGRES")
    static let redis = words("COFFER_TEST_REDIS")

    private static func words(_ name: String) -> [String]? {
        ProcessInfo.processInfo.environment[name].map { $0.split(separator: " ").map(String.init) }
    }
}

@Suite("Connection tests of databases")
struct DatabaseCheckTests {
    private func checker(
        allowed: [String] = [], state: DatabaseReach.State = .on, addresses: [String] = []
    ) throws -> (CredentialChecker, ScriptedResolver) {
        let outbound = ScriptedOutbound { _ throws(OutboundError) in OutboundReply(status: 200) }
        let resolver = ScriptedResolver(addresses)
        let reach = try #require(DatabaseReach.publicOnly.changed(state: state, allowed: allowed))
        return (CredentialChecker(outbound: outbound, resolver: resolver, reach: reach, time: ManualTime()), resolver)
    }

    @Test("PostgreSQL says whether it lets the user in", .enabled(if: TestServers.postgres != nil))
    func postgreSQL() async throws {
        let words = try #require(TestServers.postgres)
        let (checker, _) = try checker(allowed: ["127.0.0.1"], addresses: ["127.0.0.1"])
        func check(_ user: String, _ password: String, _ tail: String) async -> CheckOutcome {
            await checker.check("postgresql://\(user):\(password)@127.0.0.1:\(words[0])/\(tail)", provider: "postgresql")
        }
        let good = await check(words[1], words[2], "app?sslmode=disable")
        #expect(good.verdict == .valid && good.isUnprotected && good.checkedAt != nil, "\(good)")
        let keywords = "host=127.0.0.1 port=\(words[0]) user=\(words[1]) password=\(words[2]) dbname=app sslmode=prefer"
        #expect(await checker.check(keywords, provider: "postgresql").verdict == .valid)
        let wrong = await check(words[1], "CANARY-wrong", "app?sslmode=disable")
        #expect(wrong.verdict == .invalid && wrong.reason == .rejected && !"\(wrong)".contains("CANARY"), "\(wrong)")
        #expect(await check("nobody-CANARY", "x", "app?sslmode=disable").reason == .rejected)
        let missing = await check(words[1], words[2], "no_such_database?sslmode=disable")
        #expect(missing.verdict == .restricted && missing.reason == .databaseMissing, "\(missing)")
        // The default asks for a certificate, and this server has no TLS.
        let plain = await check(words[1], words[2], "app")
        #expect(plain.verdict == .unknown && plain.reason == .tlsFailed && !plain.isUnprotected, "\(plain)")
        #expect(await check(words[1], words[2], "app?sslmode=require").reason == .tlsFailed)
    }

    @Test("Redis says whether it lets the user in", .enabled(if: TestServers.redis != nil))
    func redis() async throws {
        let words = try #require(TestServers.redis)
        let (checker, _) = try checker(allowed: ["127.0.0.0/8"])
        func check(_ credentials: String) async -> CheckOutcome {
            await checker.check("redis://\(credentials)127.0.0.1:\(words[0])/0", provider: "redis")
        }
        let good = await check("\(words[1]):\(words[2])@")
        #expect(good.verdict == .valid && good.isUnprotected, "\(good)")
        let wrong = await check("\(words[1]):CANARY@")
        #expect(wrong.verdict == .invalid && wrong.reason == .rejected && !"\(wrong)".contains("CANARY"), "\(wrong)")
        #expect(await check("").reason == .rejected)
        let (reached, _) = try self.checker(allowed: ["127.0.0.1"])
        #expect(await reached.check("rediss://u:p@127.0.0.1:\(words[0])", provider: "redis").verdict == .unknown)
    }

    @Test(
        "private, local and metadata addresses are refused before anything is connected to",
        arguments: ["postgresql", "redis"],
        [
            "127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1", "100.100.100.200",
            "0.0.0.0",
        ])
    func addresses(provider: String, address: String) async throws {
        let scheme = provider == "redis" ? "redis" : "postgresql"
        let literal = address.contains(":") ? "[\(address)]" : address
        let (plain, _) = try checker()
        #expect(await plain.check("\(scheme)://u:p@\(literal)/0", provider: provider).reason == .addressNotAllowed)
        // A public name with one private address is refused as a whole.
        let (named, resolver) = try checker(addresses: ["192.0.43.8", address])
        #expect(await named.check("\(scheme)://u:p@db.example.com/0", provider: provider).reason == .addressNotAllowed)
        #expect(resolver.asked == ["db.example.com"])
    }

    @Test("an allowed name may have private addresses, and no metadata service's")
    func allowed() async throws {
        let port = try ClosedPort.number()
        for (addresses, reason) in [(["127.0.0.1"], CheckOutcome.Reason.unreachable), (["169.254.169.254"], .addressNotAllowed)] {
            let (checker, _) = try checker(allowed: ["DB.internal"], addresses: addresses)
            #expect(await checker.check("redis://db.internal:\(port)", provider: "redis").reason == reason)
            #expect(await checker.check("postgresql://u:p@db.internal:\(port)/x", provider: "postgresql").reason == reason)
        }
        let (other, _) = try checker(allowed: ["db.internal"], addresses: ["127.0.0.1"])
        #expect(await other.check("redis://other.internal:\(port)", provider: "redis").reason == .addressNotAllowed)
        #expect(DatabaseReach.publicOnly.changed(allowed: ["not a host"]) == nil)
        #expect(DatabaseReach.publicOnly.changed(allowed: Array(repeating: "10.0.0.0/8", count: 257)) == nil)
    }

    @Test("tests that are switched off reach nothing", arguments: [DatabaseReach.State.off, .hidden])
    func off(state: DatabaseReach.State) async throws {
        let (checker, resolver) = try checker(allowed: ["0.0.0.0/0"], state: state, addresses: ["127.0.0.1"])
        for (provider, value) in [("redis", "redis://db.example.com"), ("postgresql", "postgresql://u:p@db.example.com/x")] {
            #expect(await checker.check(value, provider: provider).reason == .turnedOff)
        }
        #expect(resolver.asked == [])
    }

    @Test(
        "connection strings of PostgreSQL that reach beyond one host are refused",
        arguments: [
            "postgresql://u:p@%2Ftmp/d", "host=/var/run/postgresql user=u", "postgresql://u:p@h/d?host=/tmp",
            "host=@abstract user=u",
            "host=h hostaddr=127.0.0.1 user=u", "host=h service=x user=u", "host=h passfile=/etc/shadow user=u",
            "host=h sslkey=/etc/key user=u", "host=h sslcert=/etc/cert user=u", "host=h sslrootcert=/etc/passwd user=u",
            "host=a,127.0.0.1 user=u", "postgresql://u:p@a,b/d", "host=h options='-c role=x' user=u", "host=h krbsrvname=x user=u",
            "host=h sslcrl=/x user=u", "host=h requiressl=1 user=u replication=true",
        ])
    func refusesOptions(value: String) async throws {
        let (checker, resolver) = try checker(allowed: ["0.0.0.0/0"], addresses: ["127.0.0.1"])
        #expect(await checker.check(value, provider: "postgresql").reason == .notSupported)
        #expect(resolver.asked == [])
    }

    @Test(
        "strings that cannot be read are not sent anywhere",
        arguments: [
            ("postgresql", ""), ("postgresql", "postgresql://"), ("postgresql", "user=u"), ("postgresql", "postgresql://h/d"),
            ("postgresql", "postgresql://u:p@h:notaport/x"), ("postgresql", "postgresql://u:p@h:0/x"),
            ("postgresql", "host=h user=u sslmode=maybe"),
            ("postgresql", "postgresql://u:p@0x7f000001/x"), ("postgresql", "postgresql://u:p@2130706433/x"), ("postgresql", "\0"),
            ("redis", ""), ("redis", "redis://"), ("redis", "http://h"), ("redis", "redis://h:0"), ("redis", "redis://h:99999"),
            ("redis", "redis://u:%zz@h"), ("redis", "redis://u:%00@h"), ("redis", "redis://2130706433"),
            ("redis", "redis://0x7f.1"),
            ("redis", "redis://a b"), ("redis", "unix:///tmp/redis.sock"), ("redis", "redis://[::1"), ("redis", "redis://h\\@evil"),
        ])
    func malformed(provider: String, value: String) async throws {
        let (checker, resolver) = try checker(allowed: ["0.0.0.0/0", "::/0"], addresses: ["127.0.0.1"])
        #expect(await checker.check(value, provider: provider).reason == .wrongForm)
        #expect(resolver.asked == [])
    }

    @Test("URLs of Redis are read as their clients read them")
    func redisURL() throws {
        let full = try #require(RedisURL("rediss://us%40er:p%3Aw@cache.example.com:6380/2?x=y"))
        #expect(full.host == "cache.example.com" && full.port == 6_380 && full.usesTLS)
        #expect(full.username == "us@er" && full.password == "p:w")
        let plain = try #require(RedisURL("REDIS://[::1]"))
        #expect(plain.host == "::1" && plain.port == 6_379 && !plain.usesTLS && plain.username.isEmpty && plain.password.isEmpty)
        #expect(try #require(RedisURL("redis://:secret@h:443")).port == 443)
        #expect(try #require(RedisURL("redis://:secret@h")).password == "secret")
    }
}
