import SecretMemory
import Syntax

/// Refuses keys that were evidently not generated at random.
enum KeyScreening {
    /// The smallest number of distinct byte values. 32 random bytes have fewer in less than one of 10^20 draws.
    private static let distinctMin = 12

    /// Throws ``KeyRefusal/weak`` or ``KeyRefusal/published`` if the key was not generated at random.
    static func check(_ key: [UInt8]) throws(KeyRefusal) {
        if published.contains(where: { constantTimeEqual($0, key) }) { throw .published }
        guard Set(key).count >= distinctMin, !isPeriodic(key), !isSequence(key) else { throw .weak }
        if isPlaceholder(key) { throw .published }
    }

    /// Whether the key consists of a shorter sequence that repeats.
    private static func isPeriodic(_ key: [UInt8]) -> Bool {
        (1...key.count / 2).contains { period in zip(key, key.dropFirst(period)).allSatisfy(==) }
    }

    /// Whether most bytes differ from the one before by the same amount, as in 00 01 02 … or `abcdef…012345`.
    private static func isSequence(_ key: [UInt8]) -> Bool {
        var steps = [Int](repeating: 0, count: 256)
        for (left, right) in zip(key, key.dropFirst()) { steps[Int(right &- left)] += 1 }
        return steps.contains { $0 >= 20 }
    }

    /// Whether the key is text of a template that nobody filled in.
    private static func isPlaceholder(_ key: [UInt8]) -> Bool {
        guard key.allSatisfy({ (0x20...0x7E).contains($0) }) else { return false }
        let text = String(decoding: key, as: UTF8.self).lowercased()
        return ["change", "example", "your-", "your_", "password", "placeholder", "replace", "insecure", "default", "secret"]
            .contains { text.containsUTF8($0) }
    }

    /// Keys that the rules above do not find: those of SP 800-38A, the AES and GCM validation suites, IEEE 802.1AE and
    /// RFC 8439, and the example in the specification of the Service API.
    private static let published: [[UInt8]] = [
        "8c58b56e4cd3c8a43904bb70d9d043a35448b435e52a8f00e73d896c2e931311",
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "e3c08a8f06c6e3ad95a70557b23f75483ce33021a9c72b7025666204c69c0b72",
        "c47b0294dbbbee0fec4757f22ffeee3587ca4730c3d33b691df38bab076bc558",
        "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
    ].compactMap { KeyText.hex($0.utf8) }
}
