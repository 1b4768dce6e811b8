import EngineKit
import Syntax
import Testing

@Suite("A static role's password")
struct StaticCredentialAccessTests {
    @Test("is given only while its connection allows the role", arguments: ["reader", "ap", "App", ""])
    func allowed(list: String) async throws {
        let bench = try await EngineBench().configured(withStaticRole: true)
        let password = try await bench.data(.read, "static-creds/app")["password"]?.stringValue
        #expect(password?.isEmpty == false)
        try await bench.ask(.update, "config/db", ["allowed_roles": .string(list)])
        let refusal = await bench.refusal(.read, "static-creds/app")
        #expect(refusal?.code == .invalidRequest)
        #expect(password.map { refusal?.messages.joined().contains($0) } == false)
        try await bench.ask(.update, "config/db", ["allowed_roles": "app"])
        #expect(try await bench.data(.read, "static-creds/app")["password"]?.stringValue == password)
    }

    @Test("is never reached by the name of a dynamic role, or the other way round")
    func names() async throws {
        let bench = try await EngineBench().configured(withStaticRole: true)
        let dynamic: JSONObject = ["db_name": "db", "creation_statements": "CREATE {{name}}"]
        #expect(await bench.refusal(.update, "roles/app", dynamic)?.code == .invalidRequest)
        #expect(await bench.refusal(.read, "roles/app")?.code == .notFound)
        let fixed: JSONObject = ["db_name": "db", "username": "app", "rotation_period": "1h"]
        #expect(await bench.refusal(.update, "static-roles/reader", fixed)?.code == .invalidRequest)
        #expect(await bench.refusal(.read, "static-roles/reader")?.code == .notFound)
    }
}
