import EngineKit

extension ACL {
    private static let allowedByRoot = Verdict.allowed([PolicyName.root.text])

    /// Decides whether a request is allowed.
    ///
    /// - Parameters:
    ///   - path: The canonical path, with or without the final slash that listings have.
    ///   - parameters: The parameters that the handler will receive. Conditions on parameters apply to every operation.
    ///   - wrapTTL: The requested lifetime of a wrapped response in seconds, or nil if it is not to be wrapped.
    ///   - sudo: Whether the path is for operators only.
    package func verdict(
        _ capability: Capability, path: String, parameters: RequestParameters = .none, wrapTTL: Int? = nil, sudo: Bool = false
    ) -> Verdict {
        if isRoot { return Self.allowedByRoot }
        return withBytes(of: path) { bytes in
            if capability == .list { return listVerdict(bytes, parameters, wrapTTL: wrapTTL, sudo: sudo) }
            guard let entry = entry(for: bytes) else { return .denied(.noRule) }
            return decide(entry, capability, parameters: parameters, wrapTTL: wrapTTL, sudo: sudo)
        }
    }

    /// Returns what may be done at a path, as `sys/capabilities` reports it.
    package func capabilities(path: String) -> CapabilitySet {
        if isRoot { return .root }
        return withBytes(of: path) { bytes in
            var result = entry(for: bytes).map { entries[$0].permissions.capabilities } ?? []
            if result.contains(.deny) { return .deny }
            let (first, second) = listEntries(bytes)
            let listing = [first, second].compactMap { $0.map { entries[$0].permissions.capabilities } }
            result.remove(.list)
            if !listing.contains(where: { $0.contains(.deny) }), listing.contains(where: { $0.contains(.list) }) {
                result.insert(.list)
            }
            return result
        }
    }

    /// Whether the rule for the path grants `sudo`.
    package func isSudo(path: String) -> Bool {
        isRoot
            || withBytes(of: path) { bytes in
                entry(for: bytes).map { entries[$0].permissions.capabilities.contains(.sudo) } ?? false
            }
    }

    /// Calls `body` with the bytes of the path, without leading slashes.
    private func withBytes<T>(of path: String, _ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
        var path = path
        return path.withUTF8 { bytes in
            var bytes = bytes
            while bytes.first == UInt8(ascii: "/") { bytes = UnsafeBufferPointer(rebasing: bytes.dropFirst()) }
            return body(bytes)
        }
    }

    /// Judges a request by one merged rule.
    private func decide(
        _ index: Int, _ capability: Capability, parameters: RequestParameters, wrapTTL: Int?, sudo: Bool
    ) -> Verdict {
        let capabilities = entries[index].permissions.capabilities
        if capabilities.contains(.deny) { return .denied(.denied) }
        guard capabilities.contains(CapabilitySet(capability)) else { return .denied(.notGranted) }
        guard !sudo || capabilities.contains(.sudo) else { return .denied(.sudoRequired) }
        if entries[index].permissions.hasConditions {
            guard entries[index].permissions.allowsWrapping(wrapTTL) else { return .denied(.wrappingTTL) }
            if let reason = entries[index].permissions.refusal(of: parameters) { return .denied(reason) }
        }
        return .allowed(entries[index].grantingPolicies[capability.index])
    }

    // MARK: LIST

    /// Judges a listing by the rules for both spellings of its path.
    private func listVerdict(
        _ path: UnsafeBufferPointer<UInt8>, _ parameters: RequestParameters, wrapTTL: Int?, sudo: Bool
    ) -> Verdict {
        let (first, second) = listEntries(path)
        guard first != nil || second != nil else { return .denied(.noRule) }
        for case let index? in [first, second] where entries[index].permissions.capabilities.contains(.deny) {
            return .denied(.denied)
        }
        // If both rules grant, the conditions of both apply.
        var result = Verdict.denied(.notGranted)
        for case let index? in [first, second] where entries[index].permissions.capabilities.contains(.list) {
            let verdict = decide(index, .list, parameters: parameters, wrapTTL: wrapTTL, sudo: sudo)
            guard verdict.isAllowed else { return verdict }
            if !result.isAllowed { result = verdict }
        }
        return result
    }

    /// Returns the rules for the path with and without its final slash.
    private func listEntries(_ path: UnsafeBufferPointer<UInt8>) -> (Int?, Int?) {
        let slash = UInt8(ascii: "/")
        let count = path.last == slash ? path.count - 1 : path.count
        guard count > 0 else { return (entry(for: path), nil) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 1) { copy in
            _ = copy.initialize(fromContentsOf: path.prefix(count))
            copy[count] = slash
            return (entry(for: UnsafeBufferPointer(copy)), entry(for: UnsafeBufferPointer(rebasing: copy[..<count])))
        }
    }
}
