import EngineAPI
import Testing

@Suite("Engine names")
struct EngineNameTests {
    @Test(
        "one engine has one name",
        arguments: [
            ("action", "action"), ("ACTION", "action"), ("ActionEngine", "action"), ("action-engine", "action"),
            ("Action_Engine", "action"), ("integration-manager", "integration_manager"), ("engine", "engine"), ("", ""),
        ])
    func normal(sent: String, expected: String) {
        #expect(EngineName.normal(sent) == expected)
    }
}
