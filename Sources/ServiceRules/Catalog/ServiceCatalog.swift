import Syntax

/// All configured services, from environment variables and from a policy file.
package struct ServiceCatalog: Sendable, Hashable {
    /// The services in the order of the configuration.
    package private(set) var services: [ServiceDefinition] = []
    /// Remarks on the policy file.
    package private(set) var remarks: [String] = []

    /// The largest number of services.
    package static let servicesMax = 1_000
    private static let rulesMax = 200

    /// Creates an empty catalog.
    package init() {}

    /// Returns the service with the name, or nil.
    package subscript(_ name: String) -> ServiceDefinition? { services.first { $0.name == name } }

    /// Reads `ALLOWED_SERVICES` and `ALLOW_<service>`. Without the first, there are no services.
    ///
    /// - Parameter policies: The policy file. Its rules for a service are added to those of the variables.
    package init(variable: (String) -> String?, policies: ServicePolicyFile? = nil) throws(ServiceCatalogError) {
        let allowed = Self.list(variable("ALLOWED_SERVICES") ?? "")
        for name in allowed { try add(ServiceDefinition(name: name), named: "ALLOWED_SERVICES") }
        remarks = policies?.remarks ?? []
        for service in policies?.services ?? [] {
            if let index = services.firstIndex(where: { $0.name == service.name }) {
                services[index].isEnabled = service.isEnabled
                services[index].rules += service.rules
            } else {
                try add(service, named: "the services of the policy file")
            }
        }
        for index in services.indices {
            let name = "ALLOW_" + services[index].name
            for text in Self.list(variable(name) ?? "") {
                do throws(ServiceRuleError) {
                    let path = try PathRule(prefix: text)
                    services[index].rules.append(
                        ServiceRule(.allow, Set(ServiceAction.allCases), on: path, text: text, source: name))
                } catch {
                    throw ServiceCatalogError(variable: name, "\(error)")
                }
            }
            guard services[index].rules.count <= Self.rulesMax else {
                throw ServiceCatalogError(variable: name, "the service has more than \(Self.rulesMax) rules")
            }
        }
    }

    private mutating func add(_ service: ServiceDefinition, named variable: String) throws(ServiceCatalogError) {
        guard ServiceDefinition.isName(service.name) else {
            throw ServiceCatalogError(
                variable: variable, "the name of a service consists of 1 to 64 letters, digits, '_', '-' and '.'")
        }
        guard !ServiceDefinition.isReserved(service.name) else {
            throw ServiceCatalogError(variable: variable, ServiceDefinition.reservedRule)
        }
        // Names of policies are in lower case, so two such services would share a policy.
        guard !services.contains(where: { $0.policyName == service.policyName }) else {
            throw ServiceCatalogError(
                variable: variable, "the service \(service.name) is repeated, or differs from another one only in case")
        }
        guard services.count < Self.servicesMax else {
            throw ServiceCatalogError(variable: variable, "more than \(Self.servicesMax) services")
        }
        services.append(service)
    }

    private static func list(_ text: String) -> [String] {
        text.splitUTF8(where: { $0 == UInt8(ascii: ",") || $0 == 0x0A || $0 == 0x0D }).map { String($0.trimmingASCIISpace()) }
            .filter { !$0.isEmpty }
    }
}

/// An error in the configuration of services. It names a variable or a position, never a value.
package struct ServiceCatalogError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The environment variable that is wrong, or nil.
    package var variable: String?
    /// The line in the policy file, from 1, or nil.
    package var line: Int?
    /// What is wrong.
    package var message: String

    /// Returns the error for a file that a variable names and that cannot be read.
    package static func unreadable(_ variable: String) -> ServiceCatalogError {
        ServiceCatalogError(variable: variable, "the file cannot be read, or is larger than 1 MiB")
    }

    init(variable: String? = nil, line: Int? = nil, _ message: String) {
        self.variable = variable
        self.line = line
        self.message = message
    }

    /// The line and the message.
    package var description: String {
        if let variable { return "\(variable): \(message)" }
        if let line { return "line \(line): \(message)" }
        return message
    }
}
