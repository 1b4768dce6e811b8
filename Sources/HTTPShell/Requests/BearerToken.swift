import Syntax

extension String {
    /// The token in a value of the header `Authorization` (RFC 6750, section 2.1), or nil if the value has another scheme.
    package var bearerToken: String? {
        guard prefixUTF8(7).lowercased() == "bearer " else { return nil }
        let token = dropFirstUTF8(7).dropUTF8 { $0 == 0x20 }
        return token.isEmpty ? nil : String(token)
    }
}
