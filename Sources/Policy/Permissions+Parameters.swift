import EngineKit
import Syntax

extension Permissions {
    /// Returns why the parameters are denied, or nil if they are allowed.
    ///
    /// A rule that names a parameter applies to every member of that name at any depth, because handlers read the items
    /// of a batch and the members of an object like those at the top. The name `*`, the limit to the names in
    /// `allowed_parameters` and `required_parameters` apply to the top level only. A part of the path that has the name
    /// of a parameter is judged by the rule's values for that name, but needs no entry in `allowed_parameters`.
    func refusal(of parameters: RequestParameters) -> DenialReason? {
        guard hasParameters else { return nil }
        let isComplete = requiredParameters.allSatisfy { parameters.has($0) || parameters.has($0.lowercased()) }
        guard isComplete else { return .requiredParameterMissing }
        if deniedParameters.coversAll, !parameters.members.isEmpty { return .parameterDenied }
        for pair in parameters.captures.pairs {
            let value = JSON.string(pair.value)
            if let reason = refusal(of: pair.name, value, parameters.reading(pair.name, value)) { return reason }
        }
        let isLimited = !allowedParameters.isEmpty && !allowedParameters.coversAll
        for member in parameters.members {
            if let reason = refusal(of: member.key, member.value, parameters.reading(member.key, member.value)) { return reason }
            if isLimited, allowedParameters.values[member.key.lowercased()] == nil { return .parameterNotAllowed }
            if let reason = refusal(inside: member.value) { return reason }
            if let map = parameters.map(member.key, member.value), let reason = refusal(inside: map) { return reason }
        }
        return nil
    }

    /// Judges one value. `reading` is evaluated only if the rule names the parameter.
    private func refusal(of name: String, _ value: JSON, _ reading: @autoclosure () -> JSON?) -> DenialReason? {
        let name = name.lowercased()
        if let values = deniedParameters.values[name], ParameterValue.isRefused(value, reading: reading(), by: values) {
            return .parameterDenied
        }
        if let values = allowedParameters.values[name], !ParameterValue.isListed(value, reading: reading(), in: values) {
            return .parameterNotAllowed
        }
        return nil
    }

    /// Judges the members of a value at every depth.
    private func refusal(inside value: JSON) -> DenialReason? {
        switch value {
        case .array(let elements):
            for element in elements { if let reason = refusal(inside: element) { return reason } }
        case .object(let members):
            for member in members {
                if let reason = refusal(of: member.key, member.value, nil) ?? refusal(inside: member.value) { return reason }
            }
        case .raw:
            guard let opened = try? value.parsed() else { return .parameterDenied }
            return refusal(inside: opened)
        case .null, .bool, .number, .string: break
        }
        return nil
    }
}
