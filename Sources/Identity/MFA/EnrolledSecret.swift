import EngineKit
import OneTimeCodes
import Records
import Syntax

/// The secret that an entity shares with an authenticator program, and what is known about its use. All of it is one record, so that
/// a code is used up, or a wrong one counted, by the commit that decides on it.
struct EnrolledSecret: Record, Sendable, Hashable {
    var key: [UInt8] = []
    var codes = TOTP()
    var skew = 1
    /// Seconds since 1970.
    var createdAt = 0
    /// The step of the last code that was accepted. No code of it, or of an earlier one, is accepted again.
    var lastStep = -1
    /// Wrong codes since the last one that was accepted, the end of the last block, or a day without any.
    var failures = 0
    /// When the last block ends or, with fewer failures than block, when the last of them happened; seconds since 1970.
    var windowEndsAt = 0
    /// Blocks since the last code that was accepted, or a day without a failure.
    var blocks = 0

    /// The longest block in seconds. Guessing is then limited to `max_validation_attempts` an hour.
    static let blockSecondsMax = 3_600
    /// Seconds without a failure or a block after which earlier ones no longer count.
    private static let forgottenAfter = 86_400
    /// The largest number of failures and of blocks that is counted.
    private static let countMax = 1_000

    /// For how long a code could be accepted, which is how long the first block lasts, as in Vault.
    private var window: Int { codes.period * (2 + skew) }

    /// The outcome of comparing a code.
    enum Verdict: Hashable {
        case right
        case wrong
        /// The code was right, and has been used, or a later one has.
        case used
        case blocked(seconds: Int)
    }

    /// Compares a code, and notes that it was used or that it was wrong.
    mutating func take(_ code: String, at now: Int, attemptsMax: Int) -> Verdict {
        if failures >= attemptsMax, now < windowEndsAt { return .blocked(seconds: windowEndsAt - now) }
        let steps = codes.steps(matching: code, key, at: now, skew: skew)
        guard let step = steps.first(where: { $0 > lastStep }) else {
            // A program that repeats its request after a lost answer has guessed nothing.
            if steps.contains(lastStep) { return .used }
            noteFailure(at: now, attemptsMax: attemptsMax)
            return steps.isEmpty ? .wrong : .used
        }
        lastStep = step
        (failures, windowEndsAt, blocks) = (0, 0, 0)
        return .right
    }

    /// Counts a wrong code. Waiting does not take it back, except for a day: otherwise whoever waits before the last failure that
    /// does not block could guess without end.
    private mutating func noteFailure(at now: Int, attemptsMax: Int) {
        if now >= windowEndsAt + Self.forgottenAfter {
            (failures, blocks) = (0, 0)
        } else if failures >= attemptsMax {
            // The block has ended, or this code would not have been compared.
            failures = 0
        }
        failures = min(failures + 1, Self.countMax)
        guard failures >= attemptsMax else { return windowEndsAt = now }
        // Each block lasts twice as long as the one before it.
        let longest = max(window, Self.blockSecondsMax)
        windowEndsAt = now + min(longest, window << min(blocks, 12))
        blocks = min(blocks + 1, Self.countMax)
    }
}

extension EnrolledSecret {
    var stored: JSONObject {
        [
            "key": .string(Base64.encode(key)), "algorithm": .string(codes.algorithm.rawValue), "digits": .int(codes.digits),
            "period": .int(codes.period), "skew": .int(skew), "created": .int(createdAt), "last_step": .int(lastStep),
            "failures": .int(failures), "window_end": .int(windowEndsAt), "blocks": .int(blocks),
        ]
    }

    init?(stored object: JSONObject) {
        guard let key = object["key"]?.stringValue.flatMap({ Base64.decode($0) }), !key.isEmpty,
            let algorithm = object["algorithm"]?.stringValue.flatMap(TOTP.Algorithm.init(rawValue:)),
            let digits = object["digits"]?.intValue, digits == 6 || digits == 8, let period = object["period"]?.countValue,
            (1...3_600).contains(period), let skew = object["skew"]?.countValue, skew <= 1,
            let createdAt = object["created"]?.countValue, let lastStep = object["last_step"]?.intValue,
            let failures = object["failures"]?.countValue, let windowEndsAt = object["window_end"]?.countValue,
            let blocks = object["blocks"]?.countValue
        else { return nil }
        self.init(
            key: key, codes: TOTP(algorithm: algorithm, digits: digits, period: period), skew: skew, createdAt: createdAt,
            lastStep: lastStep, failures: failures, windowEndsAt: windowEndsAt, blocks: blocks)
    }
}
