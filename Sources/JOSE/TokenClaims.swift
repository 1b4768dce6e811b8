package import EngineKit
package import Syntax

/// The claims of a token: its payload as a JSON object (RFC 7519), whose numbers keep their text.
package struct TokenClaims: Sendable {
    package var object: JSONObject

    private static let limits = JSONLimits(depthMax: 16, nodesMax: 10_000)
    /// The last second of the year 9999.
    private static let lastSecond = 253_402_300_799

    /// Creates claims from an object.
    package init(_ object: JSONObject) { self.object = object }

    /// Reads the payload of a token.
    ///
    /// - Throws: ``JOSEError/badPayload`` if it is not a JSON object, has duplicate members, or is too deep.
    package init(payload: [UInt8]) throws(JOSEError) {
        guard let object = (try? JSON(parsing: payload, limits: Self.limits))?.objectValue else { throw .badPayload }
        self.object = object
    }

    /// Returns the claim of that name or, if the name begins with a slash, the value that it points to as a JSON pointer
    /// (RFC 6901). Returns nil if there is none, and for `null`.
    package subscript(_ name: String) -> JSON? {
        guard name.hasUTF8Prefix("/") else { return Self.present(object[name]) }
        var value = JSON.object(object)
        for part in name.dropFirstUTF8().splitUTF8(at: "/", omittingEmpty: false) {
            let key = part.replacingUTF8("~1", with: "/").replacingUTF8("~0", with: "~")
            let next: JSON?
            switch value {
            case .object(let object): next = object[key]
            case .array(let values): next = Self.index(key).flatMap { $0 < values.count ? values[$0] : nil }
            default: next = nil
            }
            guard let next else { return nil }
            value = next
        }
        return Self.present(value)
    }

    /// Returns whether a claim is this text, byte by byte: texts that look alike are not the same.
    package func has(_ text: String, as claim: String) -> Bool { self[claim]?.stringValue?.equalsUTF8(text) ?? false }

    private static func present(_ value: JSON?) -> JSON? { value.flatMap { $0.isNull ? nil : $0 } }

    /// Returns an array index as RFC 6901 writes it: decimal digits without leading zeros.
    private static func index(_ text: String) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isASCIIDigit }), text == "0" || !text.hasUTF8Prefix("0")
        else { return nil }
        return Int(text)
    }

    /// The audiences: a list, or one text, which stands for a list of it (RFC 7519, 4.1.3). Nil if there is no such claim.
    ///
    /// - Throws: ``JOSEError/badPayload`` if the claim is anything else.
    package func audiences() throws(JOSEError) -> [String]? {
        guard let claim = self["aud"] else { return nil }
        if let text = claim.stringValue { return [text] }
        let texts = claim.arrayValue?.compactMap(\.stringValue)
        guard let texts, texts.count == claim.arrayValue?.count else { throw .badPayload }
        return texts
    }

    /// Returns the moment that a claim names in seconds since 1970, rounded down, or nil if there is no such claim.
    ///
    /// - Throws: ``JOSEError/badDate`` if the claim is not a number from 0 to the year 9999.
    package func moment(_ name: String) throws(JOSEError) -> Timestamp? {
        guard let claim = self[name] else { return nil }
        guard case .number(let text) = claim else { throw .badDate }
        if let seconds = Int(text) {
            guard (0...Self.lastSecond).contains(seconds) else { throw .badDate }
            return Timestamp(seconds: seconds)
        }
        guard let seconds = Double(text), (0...Double(Self.lastSecond)).contains(seconds) else { throw .badDate }
        return Timestamp(seconds: Int(seconds))
    }
}
