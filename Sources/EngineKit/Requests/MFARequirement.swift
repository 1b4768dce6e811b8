package import Syntax

/// What a login still lacks: codes for one method of each enforcement that applies to it.
package struct MFARequirement: Sendable, Hashable {
    /// A method that may satisfy an enforcement.
    package struct Method: Sendable, Hashable {
        /// The type, such as `totp`.
        package var type: String
        /// The id of the method, a UUID.
        package var id: String
        /// The name of the method; empty if it has none.
        package var name: String
        /// Whether a code is sent for it.
        package var usesPasscode: Bool

        /// Creates the description of a method.
        package init(type: String, id: String, name: String, usesPasscode: Bool) {
            self.type = type
            self.id = id
            self.name = name
            self.usesPasscode = usesPasscode
        }
    }

    /// An enforcement and its methods, of which one is enough.
    package struct Constraint: Sendable, Hashable {
        /// The name of the enforcement.
        package var name: String
        /// The methods.
        package var methods: [Method]

        /// Creates the constraint of an enforcement.
        package init(name: String, methods: [Method]) {
            self.name = name
            self.methods = methods
        }
    }

    /// The id by which the login is completed.
    package var requestID: String
    /// The enforcements, all of which must be satisfied.
    package var constraints: [Constraint]

    /// Creates a requirement.
    package init(requestID: String, constraints: [Constraint]) {
        self.requestID = requestID
        self.constraints = constraints
    }
}

extension MFARequirement {
    /// The requirement as the Vault API shows it.
    package var shown: JSONObject {
        ["mfa_request_id": .string(requestID), "mfa_constraints": .object(Self.shown(constraints))]
    }

    /// Returns constraints by the names of their enforcements.
    package static func shown(_ constraints: [Constraint]) -> JSONObject {
        JSONObject(
            constraints.map { constraint in
                let methods = constraint.methods.map { method -> JSON in
                    [
                        "type": .string(method.type), "id": .string(method.id), "uses_passcode": .bool(method.usesPasscode),
                        "name": .string(method.name),
                    ]
                }
                return .init(key: constraint.name, value: ["any": .array(methods)])
            })
    }
}
