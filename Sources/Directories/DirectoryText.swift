import CLDAP
import Syntax

/// Puts texts of callers into filters and distinguished names, and reads names.
package enum DirectoryText {
    /// Returns a value for a filter (RFC 4515, section 3). Every byte but letters, digits and a few marks without a meaning is
    /// written in hexadecimal, so that no value can end its place in the filter or match more than itself.
    package static func filterValue(_ text: String) -> String { escaped(text) }

    /// Returns a value for a distinguished name (RFC 4514, section 2.4), in the same form. Active Directory, which wants more
    /// characters escaped than the RFC does, reads it as well.
    package static func nameValue(_ text: String) -> String { escaped(text) }

    /// A backslash with two hexadecimal digits stands for a byte in both forms. A space is escaped too, because it has a meaning
    /// at the edges of a name.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let isPlain = byte.isASCIILetterOrDigit || "-._@".utf8.contains(byte)
            result += isPlain ? String(UnicodeScalar(byte)) : "\\" + Hex.encode([byte])
        }
        return result
    }

    /// Returns the value of the first `cn` in a distinguished name, or nil if the text is no such name or has none.
    package static func commonName(of text: String) -> String? {
        guard !text.utf8.contains(0) else { return nil }
        var parsed: LDAPDN?
        guard ldap_str2dn(text, &parsed, UInt32(LDAP_DN_FORMAT_LDAPV3)) == LDAP_SUCCESS, let parsed else { return nil }
        defer { ldap_dnfree(parsed) }
        var parts = parsed
        while let attributes = parts.pointee {
            var pairs = attributes
            while let pair = pairs.pointee {
                let isBinary = pair.pointee.la_flags & UInt32(LDAP_AVA_BINARY) != 0
                if !isBinary, string(pair.pointee.la_attr)?.lowercased() == "cn" { return string(pair.pointee.la_value) }
                pairs += 1
            }
            parts += 1
        }
        return nil
    }

    private static func string(_ value: berval) -> String? {
        guard let bytes = value.bv_val else { return nil }
        return UnsafeBufferPointer(start: bytes, count: Int(value.bv_len)).withMemoryRebound(to: UInt8.self) {
            String(validating: $0, as: UTF8.self)
        }
    }
}
