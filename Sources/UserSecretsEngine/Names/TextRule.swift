import EngineKit
import Syntax

/// What a text of a secret may be.
struct TextRule: Sendable {
    /// The field's name in requests.
    let field: String
    /// The longest text, in bytes.
    let bytesMax: Int
    /// Whether the text may have several lines.
    var allowsLines = false

    static let name = TextRule(field: "name", bytesMax: 512)
    static let provider = TextRule(field: "provider", bytesMax: 128)
    static let type = TextRule(field: "secret_type", bytesMax: 128)
    static let label = TextRule(field: "label", bytesMax: 128)
    static let description = TextRule(field: "description", bytesMax: 4_096, allowsLines: true)
    static let tag = TextRule(field: "tags", bytesMax: 128)

    /// The largest number of tags of a secret.
    static let tagsMax = 50

    /// Throws an error that names the field and not the text, if the text is too long or has a control character.
    ///
    /// Everything else is kept as it was sent, in its normalization form and with its direction marks: a page shows those escaped.
    func check(_ text: String) throws(CofferError) {
        guard text.utf8.count <= bytesMax else {
            throw UserSecretsFailure.invalidField(field, "must have at most \(bytesMax) bytes")
        }
        var before: UInt8 = 0
        for byte in text.utf8 {
            let isLine = byte == 0x09 || byte == 0x0A || byte == 0x0D
            let isControl = byte < 0x20 || byte == 0x7F || before == 0xC2 && (0x80...0x9F).contains(byte)
            guard !isControl || allowsLines && isLine else {
                throw UserSecretsFailure.invalidField(field, "must not contain control characters")
            }
            before = byte
        }
    }

    /// Returns tags without repetitions, in the order in which they were sent.
    static func checkTags(_ tags: [String]) throws(CofferError) -> [String] {
        guard tags.count <= tagsMax else {
            throw UserSecretsFailure.invalidField(tag.field, "must have at most \(tagsMax) elements")
        }
        var kept: [String] = []
        for text in tags {
            try tag.check(text)
            if !kept.contains(where: { $0.equalsUTF8(text) }) { kept.append(text) }
        }
        return kept
    }
}
