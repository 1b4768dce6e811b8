import Syntax

/// All services that are configured, from variables and from a file of policies.
package struct ServiceCatalog: Sendable, Hashable {
    package private(set) var services: [ServiceDefinition] = []
    /// Of the file of policies.
    package private(set) var remarks: [String] = []

    package static let servicesMax = 1_000
    private static let rulesMax = 200

    package init() {}

    package subscript(_ name: String) -> ServiceDefinition? { services.first { $0.name == name } }

    /// `ALLOWED_SERVICES` and `ALLOW_<service>`; nothing when the first is not set.
    ///
    /// - Parameter policies: What a file of policies says; what it says of a service is added to its variables.
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
                variable: variable, "a service's name has letters, digits, '_', '-' and '.', and 64 of them at most")
        }
        guard !ServiceDefinition.isReserved(service.name) else {
            throw ServiceCatalogError(variable: variable, ServiceDefinition.reservedRule)
        }
        // Policies have lower-case names, so two such services would share one.
        guard !services.contains(where: { $0.policyName == service.policyName }) else {
            throw ServiceCatalogError(
                variable: variable, "the service \(service.name) is there twice, or differs from another only in case")
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

/// What is wrong with the services. Names a variable or a place, never a value.
package struct ServiceCatalogError: Error, Sendable, Hashable, CustomStringConvertible {
    package var variable: String?
    /// In a file of policies; counts from 1.
    package var line: Int?
    package var message: String

    /// The file that this variable names.
    package static func unreadable(_ variable: String) -> ServiceCatalogError {
        ServiceCatalogError(variable: variable, "the file cannot be read, or is larger than 1 MiB")
    }

    init(variable: String? = nil, line: Int? = nil, _ message: String) {
        self.variable = variable
        self.line = line
        self.message = message
    }

    package var description: String {
        if let variable { return "\(variable): \(message)" }
        if let line { return "line \(line): \(message)" }
        return message
    }
}
