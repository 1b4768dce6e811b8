// How one limit is read is internal to its room.
@testable import Capabilities
import EngineKit
import PasswordPolicies
import ServiceRules
import StoreKit
import Syntax

/// What is read is written to the same text, and nobody's key has signed it.
func fuzzCapability(_ bytes: UnsafeRawBufferPointer) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    if let token = try? CapabilityToken(text) {
        precondition(token.text == text, "a narrowed token has a second form")
        precondition(!token.isSigned(by: [UInt8](repeating: 5, count: 32)), "a forged token is signed")
        if let narrower = try? CapabilityToken(narrowing: token, by: .expiry(1_800_000_000)) {
            precondition((try? CapabilityToken(narrower.text))?.text == narrower.text)
        }
    }
    if let caveat = Caveat(text: text) { precondition(Caveat(text: caveat.text) == caveat, "a limit is not read as it is written") }
}

/// Values keep their bytes, and places lie within the file.
func fuzzDotEnv(_ bytes: UnsafeRawBufferPointer) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    do {
        let file = try DotEnv(parsing: text)
        for variable in file.variables {
            precondition(variable.line >= 1 && variable.line <= bytes.count + 1 && !variable.name.isEmpty)
            precondition(variable.value.utf8.count <= bytes.count * 4)
            _ = file.values[variable.name]
        }
    } catch {
        precondition(error.line >= 1 && error.line <= bytes.count + 1, "the place of an error lies outside of the file")
    }
}

/// Never negative, never beyond its bound; and what is written of it is read as the same.
func fuzzDuration(_ bytes: UnsafeRawBufferPointer) {
    guard let text = String(validating: bytes, as: UTF8.self), let seconds = DurationText.seconds(text) else { return }
    precondition((0...DurationText.secondsMax).contains(seconds), "a duration beyond its bound")
    precondition(DurationText.seconds(DurationText.text(seconds: seconds)) == seconds, "a duration is not read as it is written")
    let moment = Timestamp(seconds: 1_800_000_000).adding(seconds: seconds)
    precondition(moment.secondsRoundedUp(since: Timestamp(seconds: 1_800_000_000)) == seconds)
}

/// Any configuration is a document or an error with a place; every reader of values answers or refuses.
func fuzzHCL(_ bytes: UnsafeRawBufferPointer) {
    guard let body = try? HCLBody(parsing: Array(bytes)) else { return }
    visit(body, depth: 0)
    _ = (String(validating: bytes, as: UTF8.self)).map { try? PasswordPolicy(parsing: $0) }
}

private func visit(_ body: HCLBody, depth: Int) {
    for attribute in body.attributes {
        _ = try? body.int(attribute.name)
        _ = try? body.string(attribute.name)
    }
    for block in body.blocks where depth < 64 { visit(block.body, depth: depth + 1) }
}

func fuzzRules(_ bytes: UnsafeRawBufferPointer) {
    guard let text = String(validating: bytes, as: UTF8.self), let file = try? ServicePolicyFile(parsing: text) else { return }
    for service in file.services { precondition(!service.name.isEmpty) }
}

/// One text for each value, in both alphabets.
func fuzzBase64(_ bytes: UnsafeRawBufferPointer) {
    for alphabet in [Base64.Alphabet.standard, .url] {
        let encoded = Base64.encode(Array(bytes), as: alphabet)
        precondition(Base64.decode(encoded, as: alphabet) == Array(bytes), "base64 is not read as it is written")
        guard let text = String(validating: bytes, as: UTF8.self), let decoded = Base64.decode(text, as: alphabet) else { continue }
        let again = Base64.encode(decoded, as: alphabet)
        precondition(again.utf8.elementsEqual(text.utf8.filter { $0 != 0x0A && $0 != 0x0D }), "base64 has a second form")
    }
}

/// The body of a request as fields of every kind, and the place where a list goes on.
func fuzzFields(_ bytes: UnsafeRawBufferPointer) {
    if let text = String(validating: bytes, as: UTF8.self),
        var page = try? ListingPage(Listing(prefix: "a/", after: text, limit: 3))
    {
        for key in ["a/b", "a/c/d", "a/c/e", "a/\(text)", "b"] { if page.take(key) == .done { break } }
        precondition(page.names.count <= 3, "a page is longer than was asked")
    }
    guard let value = try? JSON(parsing: bytes), let body = value.objectValue else { return }
    let kinds: [Field.Kind] = [.string, .bool, .int, .duration, .strings, .ints, .object, .stringMap, .any]
    for member in body.members {
        for kind in kinds {
            guard let fields = try? Fields(validating: body, as: [Field(member.key, kind, "")]) else { continue }
            precondition(kind != .duration || fields.duration(member.key) ?? 0 >= 0, "a negative duration")
            _ = (fields.strings(member.key), fields.ints(member.key), fields.stringMap(member.key), fields.int(member.key))
        }
    }
}
