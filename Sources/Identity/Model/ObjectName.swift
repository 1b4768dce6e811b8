package import EngineKit
import Syntax

/// The names of enforcements, named keys, roles, clients, scopes, assignments and providers, which are part of paths and of keys in
/// the store.
package enum ObjectName {
    static let bytesMax = 128

    /// Returns whether the name consists of ASCII letters, digits and `_`, with `-` and `.` in between.
    package static func isValid(_ name: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool { byte.isASCIILetterOrDigit || byte == UInt8(ascii: "_") }
        guard let first = name.utf8.first, let last = name.utf8.last, name.utf8.count <= bytesMax, isWord(first), isWord(last)
        else { return false }
        return name.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    /// Returns the name in the path of a request.
    ///
    /// - Throws: `.invalidRequest` if there can be no object of that name.
    package static func of(_ request: Request) throws(CofferError) -> String {
        let name = request.captures["name"]
        guard isValid(name) else {
            throw .invalid("the name may have letters, digits, '_', '-' and '.', and \(bytesMax) bytes at most")
        }
        return name
    }

    /// Throws unless all names of a list are valid and there are few of them. Returns them without duplicates.
    package static func list(_ names: [String], field: String, max: Int = 256) throws(CofferError) -> [String] {
        guard names.count <= max else { throw .invalid("field '\(field)' may have \(max) names at most") }
        var (result, seen) = ([String](), Set<String>())
        for name in names where seen.insert(name).inserted {
            guard isValid(name) else { throw .invalid("field '\(field)' has a name that no object can have") }
            result.append(name)
        }
        return result
    }
}
