package import Syntax

extension ACL {
    /// One merged rule, for display.
    package struct Summary: Sendable, Hashable {
        /// The path of the rule.
        package var path: RulePath
        /// What the rules for this path grant and deny together.
        package var permissions: Permissions
    }

    /// The merged rules in the order of the policies.
    package var summaries: [Summary] { entries.map { Summary(path: $0.path, permissions: $0.permissions) } }

    /// The data of `sys/internal/ui/resultant-acl`. Paths with a final `*` are listed under `glob_paths` without it; a
    /// `+` stays as it is.
    package var resultant: JSONObject {
        var exact = JSONObject()
        var glob = JSONObject()
        for entry in entries {
            let member = JSONObject.Member(key: entry.path.text, value: .object(entry.permissions.json))
            // Merged rules have distinct paths, so no member is set twice.
            if entry.path.isGlob { glob.members.append(member) } else { exact.members.append(member) }
        }
        return ["exact_paths": .object(exact), "glob_paths": .object(glob), "root": .bool(isRoot)]
    }

    /// Whether some path that begins with `prefix` (a mount's path with its final slash) can be used in some way.
    ///
    /// For each rule that reaches below the prefix, a path that matches the rule is made and judged like the path of a
    /// request.
    package func hasAnyAccess(underPrefix prefix: String) -> Bool {
        if isRoot || capabilities(path: prefix).grantsSomething { return true }
        return entries.contains { entry in
            guard entry.permissions.capabilities.grantsSomething, let path = entry.path.sample(under: prefix) else { return false }
            return capabilities(path: path).grantsSomething
        }
    }
}

extension RulePath {
    /// Returns a path that begins with `prefix` and matches this rule, or nil if there is none.
    func sample(under prefix: String) -> String? {
        // A noncharacter, which no policy contains.
        let unlikely = "\u{FFFF}"
        var wanted = prefix.splitUTF8(at: "/", omittingEmpty: false)[...]
        var output: [Substring] = []
        let segments = text.splitUTF8(at: "/", omittingEmpty: false)
        for (index, segment) in segments.enumerated() {
            let isOpen = isGlob && index == segments.count - 1
            guard let want = wanted.popFirst() else {
                output.append(segment == "+" ? unlikely[...] : segment)
                continue
            }
            let isPartial = wanted.isEmpty
            if segment == "+" {
                output.append(isPartial ? want + unlikely : want)
            } else if isOpen, want.hasUTF8Prefix(segment) {
                output.append(want)
            } else if segment == want || isPartial && segment.hasUTF8Prefix(want) {
                output.append(segment)
            } else {
                return nil
            }
        }
        guard isGlob || wanted.isEmpty else { return nil }
        let sample = (output + wanted).joined(separator: "/")
        return isGlob ? sample + unlikely : sample
    }
}

extension Permissions {
    /// The permissions as `sys/internal/ui/resultant-acl` shows them.
    fileprivate var json: JSONObject {
        var object: JSONObject = ["capabilities": .strings(capabilities.names)]
        if let minWrappingTTL { object["min_wrapping_ttl"] = .int(minWrappingTTL) }
        if let maxWrappingTTL { object["max_wrapping_ttl"] = .int(maxWrappingTTL) }
        if !allowedParameters.isEmpty { object["allowed_parameters"] = allowedParameters.json }
        if !deniedParameters.isEmpty { object["denied_parameters"] = deniedParameters.json }
        if !requiredParameters.isEmpty { object["required_parameters"] = .strings(requiredParameters) }
        return object
    }
}
