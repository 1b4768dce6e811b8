import Syntax
import Yams

/// Reads one profile in YAML. An unknown key, a wrong type or a URL outside `allowed_hosts` is reported as a problem with its
/// line.
///
/// A profile with `extends` begins as a copy of another profile, which must not itself extend one. Each key that it sets
/// replaces the whole inherited value.
struct ProfileReader {
    /// Returns the profile that another one extends, or nil if there is none of that name.
    typealias LookUp = (String) -> PlatformProfile?

    private let file: String
    private var problems: [ProfileProblem] = []
    /// The line of each key of the file.
    private(set) var lines: [String: Int] = [:]

    /// The largest file.
    static let bytesMax = 64 << 10

    /// Returns the profile, or everything that is wrong with it.
    ///
    /// - Parameter base: Finds the profile that this one extends.
    static func read(_ text: String, file: String, base: LookUp) -> Result<PlatformProfile, ProfileProblems> {
        var reader = ProfileReader(file: file)
        let profile = reader.profile(text, base)
        guard let profile, reader.problems.isEmpty else { return .failure(ProfileProblems(all: reader.problems)) }
        return .success(profile)
    }

    private init(file: String) { self.file = file }

    /// Reports a problem, up to 50 for one file.
    mutating func problem(_ line: Int, _ reason: String) {
        if problems.count < 50 { problems.append(ProfileProblem(file: file, line: line, reason: reason)) }
    }

    private mutating func profile(_ text: String, _ base: LookUp) -> PlatformProfile? {
        guard text.utf8.count <= Self.bytesMax else {
            problem(0, "a profile must not be larger than 64 KiB")
            return nil
        }
        let root: Node
        do {
            guard let node = try Yams.compose(yaml: text) else {
                problem(1, "the file is empty")
                return nil
            }
            root = node
        } catch {
            problem(Self.line(of: error), "the YAML is not valid")
            return nil
        }
        guard case .mapping(let mapping) = root else {
            problem(1, "a profile must be a mapping of keys to values")
            return nil
        }
        var profile = extended(mapping, base)
        for (key, value) in mapping {
            let line = key.mark?.line ?? 0
            guard let name = key.string else {
                problem(line, "a key must be a text")
                continue
            }
            guard lines[name] == nil else {
                problem(line, "\(Self.shown(name)) is given twice")
                continue
            }
            lines[name] = line
            set(name, to: value, line: line, in: &profile)
        }
        check(&profile)
        return profile
    }

    /// Returns the profile that the file extends, or an empty one if it extends none.
    private mutating func extended(_ mapping: Node.Mapping, _ base: LookUp) -> PlatformProfile {
        let plain = PlatformProfile(name: "")
        guard let node = mapping["extends"] else { return plain }
        let name = text(node, "extends")
        guard !name.isEmpty else { return plain }
        guard var profile = base(name), profile.base == nil else {
            problem(line(node, "extends"), "'extends' must name a known platform whose own profile extends none")
            return plain
        }
        profile.base = name
        profile.credentialsOf = profile.clientName
        (profile.name, profile.displayName) = ("", "")
        return profile
    }

    private static func line(of error: any Error) -> Int {
        switch error as? YamlError {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: 1
        }
    }

    /// Returns a name from the file for a message, cut to 40 bytes so that a wrong file cannot fill a log.
    private static func shown(_ name: String) -> String { "'\(name.prefixUTF8(40))'" }

    // MARK: Keys

    /// Sets one key of the profile.
    private mutating func set(_ name: String, to node: Node, line: Int, in profile: inout PlatformProfile) {
        switch name {
        case "extends": break
        case "name": profile.name = text(node, name)
        case "display_name": profile.displayName = text(node, name)
        case "docs": profile.docs = text(node, name)
        case "categories": profile.categories = words(node, name)
        case "auth": profile.auth = choice(node, name) ?? profile.auth
        case "credentials_of": profile.credentialsOf = text(node, name)
        case "authorization_url": profile.authorizationURL = text(node, name)
        case "authorization_params": profile.authorizationParams = map(node, name)
        case "default_scopes": profile.defaultScopes = words(node, name)
        case "scope_separator": profile.scopeSeparator = text(node, name)
        case "pkce": profile.usesPKCE = flag(node, name) ?? profile.usesPKCE
        case "token_url": profile.tokenURL = text(node, name)
        case "token_params": profile.tokenParams = map(node, name)
        case "token_auth_method": profile.tokenAuthMethod = choice(node, name) ?? profile.tokenAuthMethod
        case "body_format": profile.bodyFormat = choice(node, name) ?? profile.bodyFormat
        case "headers": profile.headers = map(node, name)
        case "refresh_url": profile.refreshURL = text(node, name)
        case "refresh_params": profile.refreshParams = map(node, name)
        case "refresh_margin": profile.refreshMargin = number(node, name, in: 0...86_400) ?? 0
        case "default_expires_in": profile.defaultExpiresIn = number(node, name, in: 60...315_360_000)
        case "expires_in_unit": profile.expiresInUnit = choice(node, name) ?? profile.expiresInUnit
        case "rotates_refresh_token": profile.rotatesRefreshToken = flag(node, name) ?? profile.rotatesRefreshToken
        case "retry_in_doubt": profile.retriesInDoubt = flag(node, name) ?? profile.retriesInDoubt
        case "keep_alive": profile.keepAlive = number(node, name, in: 0...31_536_000) ?? 0
        case "response": setAnswerPaths(node, name, in: &profile)
        case "keep": profile.keeps = words(node, name)
        case "reauthorize_errors": profile.reauthorizeErrors = words(node, name)
        case "revocation_url": profile.revocationURL = text(node, name)
        case "revocation_token": profile.revokedToken = choice(node, name) ?? profile.revokedToken
        case "revocation_params": profile.revocationParams = map(node, name)
        case "verify": profile.verify = verify(node, name)
        case "allowed_hosts": profile.allowedHosts = words(node, name).map { $0.lowercased() }
        default: problem(line, "unknown key \(Self.shown(name))")
        }
    }

    /// Sets the paths of the members of a token answer.
    private mutating func setAnswerPaths(_ node: Node, _ key: String, in profile: inout PlatformProfile) {
        for (name, path) in map(node, key) {
            switch name {
            case "access_token": profile.answer.accessToken = path
            case "refresh_token": profile.answer.refreshToken = path
            case "expires_in": profile.answer.expiresIn = path
            case "expires_at": profile.answer.expiresAt = path
            case "scope": profile.answer.scopes = path
            case "error": profile.answer.error = path
            default: problem(lines[key] ?? 0, "unknown key \(Self.shown(name)) in 'response'")
            }
        }
    }

    private mutating func verify(_ node: Node, _ key: String) -> PlatformProfile.Verify {
        var verify = PlatformProfile.Verify()
        for (name, value) in map(node, key) {
            switch name {
            case "method" where ["GET", "POST", "HEAD"].contains(value): verify.method = value
            case "method": problem(lines[key] ?? 0, "'verify.method' must be GET, POST or HEAD")
            case "url": verify.url = value
            case "status":
                guard let status = Int(value), (200...499).contains(status) else {
                    problem(lines[key] ?? 0, "'verify.status' must be a status code from 200 to 499")
                    continue
                }
                verify.status = status
            case "header" where value.containsUTF8(": ") && value.containsUTF8("{token}"): verify.header = value
            case "header": problem(lines[key] ?? 0, "'verify.header' must be a name, ': ' and a value that contains {token}")
            default: problem(lines[key] ?? 0, "unknown key \(Self.shown(name)) in 'verify'")
            }
        }
        return verify
    }

    // MARK: Values

    private mutating func text(_ node: Node, _ key: String) -> String {
        guard case .scalar(let scalar) = node, !scalar.string.utf8.contains(where: { $0 < 0x20 }) else {
            problem(line(node, key), "'\(key)' must be a single line of text")
            return ""
        }
        return scalar.string
    }

    private mutating func flag(_ node: Node, _ key: String) -> Bool? {
        switch text(node, key) {
        case "true": return true
        case "false": return false
        default:
            problem(line(node, key), "'\(key)' must be true or false")
            return nil
        }
    }

    private mutating func number(_ node: Node, _ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let number = Int(text(node, key)), range.contains(number) else {
            problem(line(node, key), "'\(key)' must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    private mutating func choice<Value: RawRepresentable & CaseIterable>(_ node: Node, _ key: String) -> Value?
    where Value.RawValue == String {
        if let value = Value(rawValue: text(node, key)) { return value }
        problem(line(node, key), "'\(key)' must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        return nil
    }

    private mutating func words(_ node: Node, _ key: String) -> [String] {
        guard case .sequence(let sequence) = node, sequence.count <= 100 else {
            problem(line(node, key), "'\(key)' must be a list of at most 100 texts")
            return []
        }
        return sequence.map { text($0, key) }
    }

    private mutating func map(_ node: Node, _ key: String) -> [String: String] {
        guard case .mapping(let mapping) = node, mapping.count <= 50 else {
            problem(line(node, key), "'\(key)' must be a mapping of at most 50 texts")
            return [:]
        }
        var map: [String: String] = [:]
        for (name, value) in mapping { map[text(name, key)] = text(value, key) }
        return map
    }

    private func line(_ node: Node, _ key: String) -> Int { node.mark?.line ?? lines[key] ?? 0 }
}

/// Everything that is wrong with one profile.
package struct ProfileProblems: Error, Sendable {
    /// The problems, in the order in which they were found.
    package var all: [ProfileProblem]
}
