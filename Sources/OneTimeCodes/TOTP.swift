import Crypto
import SecretMemory
import Syntax

/// One-time codes that follow the time (RFC 6238), made from a counter (RFC 4226) of elapsed periods, the *steps*.
package struct TOTP: Sendable, Hashable {
    /// The hash function of the HMAC.
    package enum Algorithm: String, Sendable, CaseIterable {
        case sha1 = "SHA1"
        case sha256 = "SHA256"
        case sha512 = "SHA512"
    }

    /// The hash function.
    package var algorithm: Algorithm
    /// The number of digits of a code: 6 or 8.
    package var digits: Int
    /// The length of a step in seconds, above 0.
    package var period: Int

    /// Describes the codes. Authenticator programs assume SHA1, 6 digits and 30 seconds unless they are told otherwise, and some of
    /// them even then.
    package init(algorithm: Algorithm = .sha1, digits: Int = 6, period: Int = 30) {
        self.algorithm = algorithm
        self.digits = digits
        self.period = period
    }

    /// Returns the step of a time in seconds since 1970.
    package func step(at seconds: Int) -> Int { max(0, seconds) / max(1, period) }

    /// Returns the code of a step in ASCII digits.
    package func code(_ key: [UInt8], step: Int) -> [UInt8] {
        let code = hash(key, withUnsafeBytes(of: UInt64(max(0, step)).bigEndian) { Array($0) })
        // The low half of the last byte says where the number begins (RFC 4226, 5.3).
        let offset = Int(code[code.count - 1] & 0xF)
        var number = code[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
        var text = [UInt8](repeating: UInt8(ascii: "0"), count: digits)
        for index in text.indices.reversed() {
            text[index] += UInt8(number % 10)
            number /= 10
        }
        return text
    }

    /// Returns the steps within `skew` of the one at a time whose code is `code`, the earliest first. Compares with all of them, and
    /// each in constant time.
    ///
    /// A code must consist of exactly ``digits`` ASCII digits. Spaces around it are not removed: whoever compares a code with those
    /// that were used must see the same text.
    package func steps(matching code: String, _ key: [UInt8], at seconds: Int, skew: Int) -> [Int] {
        let code = Array(code.utf8)
        guard code.count == digits, code.allSatisfy(\.isASCIIDigit) else { return [] }
        let middle = step(at: seconds)
        var found: [Int] = []
        for step in max(0, middle - skew)...(middle + skew) where constantTimeEqual(self.code(key, step: step), code) {
            found.append(step)
        }
        return found
    }

    private func hash(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        let key = SymmetricKey(data: key)
        return switch algorithm {
        case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: message, using: key))
        case .sha256: Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
        case .sha512: Array(HMAC<SHA512>.authenticationCode(for: message, using: key))
        }
    }
}

extension TOTP {
    /// Returns the `otpauth://` URL by which an authenticator program takes over a secret, as a text or in a QR code.
    ///
    /// - Parameters:
    ///   - issuer: Whose login it is; without a colon.
    ///   - account: Which account; without a colon.
    package func url(_ key: [UInt8], issuer: String, account: String) -> String {
        let label = PercentEncoding.component(issuer) + ":" + PercentEncoding.component(account)
        let items = [
            "algorithm=\(algorithm.rawValue)", "digits=\(digits)", "issuer=\(PercentEncoding.component(issuer))",
            "period=\(period)", "secret=\(Base32.encode(key))",
        ]
        return "otpauth://totp/\(label)?" + items.joined(separator: "&")
    }
}
