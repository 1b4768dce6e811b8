package import Syntax

extension PolicyDocument {
    /// Parses a policy in HCL or JSON.
    package init(parsing text: String) throws(HCLError) { try self.init(parsing: Array(text.utf8)) }

    /// Parses a policy in HCL or JSON from UTF-8. Throws an ``HCLError`` with the position if it is malformed, has
    /// unknown members, or exceeds ``bytesMax`` or ``rulesMax``.
    package init(parsing bytes: [UInt8]) throws(HCLError) {
        let body = try HCLBody(parsing: bytes, limits: HCLLimits(bytesMax: PolicyDocument.bytesMax))
        try body.refuseUnknown(except: ["name", "path"])
        let blocks = try body.blocks("path", labels: 1)
        guard blocks.count <= PolicyDocument.rulesMax else {
            throw HCLError(
                "the policy has more than \(PolicyDocument.rulesMax) rules", at: blocks[PolicyDocument.rulesMax].position)
        }
        var rules: [Rule] = []
        rules.reserveCapacity(blocks.count)
        for block in blocks { rules.append(try Rule(block)) }
        self.init(name: try body.string("name"), rules: rules)
    }
}

extension PolicyDocument.Rule {
    private static let known: Set<String> = [
        "capabilities", "policy", "allowed_parameters", "denied_parameters", "required_parameters", "min_wrapping_ttl",
        "max_wrapping_ttl", "comment", "partial_segments",
    ]

    /// Reads a `path` block.
    fileprivate init(_ block: HCLBlock) throws(HCLError) {
        let body = block.body
        // These restrict a grant in other products. Ignoring them would widen the grant.
        for name in ["control_group", "mfa_methods"] {
            if let member = body.names.first(where: { $0.name == name }) {
                throw HCLError("\(HCLError.quoted(name)) is not supported", at: member.position)
            }
        }
        try body.refuseUnknown(except: Self.known)
        _ = try body.string("comment")
        let isPartial = try body.bool("partial_segments") ?? false
        do throws(RulePath.Refusal) { path = try PathTemplate(block.labels[0], partialSegments: isPartial) } catch {
            throw HCLError(error.rawValue, at: block.position)
        }
        permissions = Permissions(try Self.capabilities(body))
        position = block.position
        let conditions = try Self.conditions(body)
        if !permissions.capabilities.contains(.deny) { permissions.merge(conditions) }
    }

    private static func capabilities(_ body: HCLBody) throws(HCLError) -> CapabilitySet {
        var result: CapabilitySet = []
        switch try body.string("policy") {
        case nil: break
        case "deny": result = .deny
        case "read": result = [.read, .list]
        case "write": result = [.create, .read, .update, .delete, .list]
        case "sudo": result = [.create, .read, .update, .delete, .list, .sudo]
        default: throw HCLError("\"policy\" must be deny, read, write or sudo", at: position(of: "policy", in: body))
        }
        for name in try body.strings("capabilities") ?? [] {
            guard let capability = Capability(rawValue: name) else {
                let known = Capability.allCases.map(\.rawValue).joined(separator: ", ")
                throw HCLError("unknown capability; the capabilities are \(known)", at: position(of: "capabilities", in: body))
            }
            result.insert(CapabilitySet(capability))
        }
        return result.contains(.deny) ? .deny : result
    }

    /// Reads the conditions of a rule.
    private static func conditions(_ body: HCLBody) throws(HCLError) -> Permissions {
        var result = Permissions()
        result.allowedParameters = try parameters("allowed_parameters", body)
        result.deniedParameters = try parameters("denied_parameters", body)
        result.requiredParameters = try body.strings("required_parameters") ?? []
        // Vault writes 0 for no bound.
        result.minWrappingTTL = try body.seconds("min_wrapping_ttl").flatMap { $0 > 0 ? $0 : nil }
        result.maxWrappingTTL = try body.seconds("max_wrapping_ttl").flatMap { $0 > 0 ? $0 : nil }
        if let least = result.minWrappingTTL, let most = result.maxWrappingTTL, most < least {
            throw HCLError(
                "\"max_wrapping_ttl\" must not be less than \"min_wrapping_ttl\"", at: position(of: "max_wrapping_ttl", in: body))
        }
        return result
    }

    /// Reads the parameters of one condition.
    private static func parameters(_ name: String, _ body: HCLBody) throws(HCLError) -> ParameterMap {
        var map = ParameterMap()
        guard let object = try body.object(name) else { return map }
        if let block = object.blocks.first {
            throw HCLError("\(HCLError.quoted(block.type)) must be a list of values", at: block.position)
        }
        for attribute in object.attributes {
            switch attribute.value.content {
            case .list(let values): map.add(values.map(\.json), for: attribute.name)
            case .string, .number, .bool: map.add([attribute.value.json], for: attribute.name)
            case .null, .object:
                throw HCLError("\(HCLError.quoted(attribute.name)) must be a list of values", at: attribute.value.position)
            }
        }
        return map
    }

    private static func position(of name: String, in body: HCLBody) -> HCLPosition { body[name]?.position ?? body.position }
}
