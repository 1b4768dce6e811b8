internal import Syntax

/// Byte-wise splitting of arguments, with parts that are separate strings.
extension String {
    /// Returns the text before and after the first occurrence of an ASCII byte, or nil if it does not occur.
    func cut(at byte: Unicode.Scalar) -> (before: String, after: String)? {
        cutUTF8(at: byte).map { (String($0.before), String($0.after)) }
    }

    /// Returns the text after a prefix, or nil if the text does not begin with it.
    func rest(after start: String) -> String? { removingUTF8Prefix(start).map(String.init) }

    /// Returns the parts between occurrences of an ASCII byte, without empty parts.
    func parts(at byte: Unicode.Scalar) -> [String] { splitUTF8(at: byte).map(String.init) }

    /// Returns whether the last byte is the given ASCII byte.
    func ends(with byte: Unicode.Scalar) -> Bool { utf8.last == UInt8(ascii: byte) }
}

extension String? {
    /// The value of a flag, or nil if it is missing or empty. An empty value usually comes from an unset variable in a script.
    var unlessEmpty: String? { self?.isEmpty == true ? nil : self }
}
