import EngineKit
import Foundation
import Syntax

/// The name of a user or a group of a directory.
///
/// Directories compare names in many ways: without regard to case, with spaces joined, with characters left out or put in place of
/// others (RFC 4518). A name that such a comparison would change is refused at a login, so that a user has one name, one counter
/// of failures and one entity.
struct LDAPName: Sendable, Hashable {
    /// The name without surrounding spaces, in lower case unless the mount keeps case.
    let text: String
    /// The name in lower case.
    let folded: String

    static let bytesMax = 256

    /// Returns nil for an empty or too long name, and for one with control characters.
    init?(_ name: String, keepsCase: Bool) {
        let trimmed = String(name.trimmingUTF8(" ")).precomposedStringWithCanonicalMapping
        guard (1...Self.bytesMax).contains(trimmed.utf8.count), trimmed.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            return nil
        }
        folded = trimmed.lowercased()
        text = keepsCase ? trimmed : folded
    }

    /// Whether no directory takes the name for another one, except for its case.
    var isPlain: Bool {
        guard !text.containsUTF8("  "), text.precomposedStringWithCompatibilityMapping.equalsUTF8(text) else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            guard !scalar.properties.isDefaultIgnorableCodePoint else { return false }
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
            default: return true
            }
        }
    }

    /// Whether the name can be the first part of a user principal name: with other characters a server may read another form of
    /// name in it.
    var isPrincipal: Bool { text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-._".utf8.contains($0) } }
}
