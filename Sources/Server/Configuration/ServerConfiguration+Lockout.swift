import EngineKit
import Syntax

extension ServerConfiguration {
    /// The labels that `user_lockout` may have.
    private static let lockoutLabels = Composition.lockoutNames.union(["all"])
    private static let lockoutSecondsMax = 366 * 86_400

    mutating func applyLockouts(_ body: HCLBody) throws(HCLError) {
        let blocks = try body.blocks("user_lockout", labels: 1)
        // The block for all comes first, wherever it is in the file, because the others inherit
        // from it.
        for block in blocks where block.labels[0].lowercased() == "all" { try applyLockout(block) }
        for block in blocks where block.labels[0].lowercased() != "all" { try applyLockout(block) }
    }

    /// Applies `user_lockout "userpass" { lockout_threshold = 5 ... }`. A setting that the block
    /// leaves out comes from `all`, or is the default.
    private mutating func applyLockout(_ block: HCLBlock) throws(HCLError) {
        let label = block.labels[0].lowercased()
        guard Self.lockoutLabels.contains(label) else {
            let known = Self.lockoutLabels.sorted().joined(separator: ", ")
            throw HCLError("user_lockout is for one of \(known)", at: block.position)
        }
        let body = block.body
        try body.refuseUnknown(except: [
            "lockout_threshold", "lockout_duration", "lockout_counter_reset", "disable_lockout",
        ])
        var rules = lockouts[label] ?? lockouts["all"] ?? LockoutRules()
        if let value = try body.int("lockout_threshold") {
            guard (0...1_000_000).contains(value) else { throw body.error("lockout_threshold", "must be from 0 to 1000000") }
            rules.threshold = value
        }
        rules.duration = try lockoutSeconds("lockout_duration", body) ?? rules.duration
        rules.counterReset = try lockoutSeconds("lockout_counter_reset", body) ?? rules.counterReset
        if let isOff = try body.bool("disable_lockout") { rules.isDisabled = isOff }
        // As in Vault, a threshold of 0 locks nobody.
        if rules.threshold == 0 { rules.isDisabled = true }
        lockouts[label] = rules
    }

    private func lockoutSeconds(_ name: String, _ body: HCLBody) throws(HCLError) -> Int? {
        guard let value = try body.seconds(name) else { return nil }
        guard (1...Self.lockoutSecondsMax).contains(value) else { throw body.error(name, "must be from 1 second to 366 days") }
        return value
    }
}
