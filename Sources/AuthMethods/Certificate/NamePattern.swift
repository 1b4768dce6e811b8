import Records
import EngineKit
import Syntax

/// Patterns for names that somebody else gave, in which `*` stands for any text.
enum NamePattern {
    static let countMax = 256
    static let bytesMax = 512

    /// Whether one of the names matches one of the patterns. No patterns allow everything.
    static func allow(_ names: [String], _ patterns: [String]) -> Bool {
        patterns.isEmpty || names.contains { name in patterns.contains(where: name.matchesUTF8) }
    }
}

extension SettingKind where Value == [String] {
    /// A list of ``NamePattern``s.
    static var patterns: Self { patterns { _, _ throws(CofferError) in } }

    /// A list of ``NamePattern``s that `check` accepts each.
    static func patterns(
        check: @escaping @Sendable (_ pattern: String, _ name: String) throws(CofferError) -> Void
    ) -> Self {
        names { patterns, name throws(CofferError) in
            guard patterns.count <= NamePattern.countMax else {
                throw .invalid("field '\(name)' may have \(NamePattern.countMax) elements at most")
            }
            for pattern in patterns {
                guard (1...NamePattern.bytesMax).contains(pattern.utf8.count) else {
                    throw .invalid("each element of field '\(name)' must have 1 to \(NamePattern.bytesMax) bytes")
                }
                try check(pattern, name)
            }
            return patterns
        }
    }
}
