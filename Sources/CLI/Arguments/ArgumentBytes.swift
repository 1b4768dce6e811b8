internal import Syntax

/// Arguments are cut at bytes, and the parts are texts of their own.
extension String {
    /// What stands before and behind the first such byte; nil when there is none.
    func cut(at byte: Unicode.Scalar) -> (before: String, after: String)? {
        cutUTF8(at: byte).map { (String($0.before), String($0.after)) }
    }

    /// What stands behind a text that it begins with; nil when it does not.
    func rest(behind start: String) -> String? { removingUTF8Prefix(start).map(String.init) }

    /// The parts between such bytes, without empty ones.
    func parts(at byte: Unicode.Scalar) -> [String] { splitUTF8(at: byte).map(String.init) }

    func isEnding(in byte: Unicode.Scalar) -> Bool { utf8.last == UInt8(ascii: byte) }
}

extension String? {
    /// Nil also for a flag that was given an empty value, which mostly is an unset variable of a script.
    var unlessEmpty: String? { self?.isEmpty == true ? nil : self }
}
