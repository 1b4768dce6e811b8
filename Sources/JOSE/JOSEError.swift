/// Why a token, a key or a set of keys is refused. The raw value is the message, which holds nothing of what was refused.
package enum JOSEError: String, Error, Sendable, Hashable {
    case tooLarge = "the token is too large"
    case notCompact = "a token must have three parts"
    case notBase64 = "a part of the token is not valid base64url"
    case badHeader = "the header of the token is not valid"
    case criticalHeader = "the header of the token has a member that must be understood, and is not"
    case unknownAlgorithm = "the token is not signed with a supported algorithm"
    case badPayload = "the payload of the token is not a valid JSON object"
    case badDate = "a time in the token is not a valid number of seconds"
    case badKey = "the key is not valid, or is of a kind that is not supported"
    case badKeySet = "the document is not a valid set of keys"
    case signingFailed = "the token could not be signed"
}
