import Syntax

/// The JSON object in the body of a request. Errors name the field.
struct RequestBody {
    private let object: JSONObject

    init(_ bytes: [UInt8]) throws(ServiceError) {
        guard !bytes.isEmpty else {
            object = [:]
            return
        }
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: bytes)
        } catch {
            throw ServiceError(422, "the body is not acceptable JSON: \(error)")
        }
        guard let object = value.objectValue else { throw ServiceError(422, "the body must be a JSON object") }
        self.object = object
    }

    func has(_ name: String) -> Bool { object[name].map { !$0.isNull } ?? false }

    func text(_ name: String) throws(ServiceError) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let text = value.stringValue else { throw .invalid(name, "must be a string") }
        return text
    }

    func requiredText(_ name: String) throws(ServiceError) -> String {
        guard let text = try text(name) else { throw .invalid(name, "is required") }
        return text
    }

    /// Returns a string that is not empty.
    func filledText(_ name: String) throws(ServiceError) -> String {
        let text = try requiredText(name)
        guard !text.isEmpty else { throw .invalid(name, "must not be empty") }
        return text
    }

    /// Returns a string of bounded length, as descriptions and paths have, or nil if the member is absent.
    func boundedText(_ name: String) throws(ServiceError) -> String? {
        let text = try text(name)
        guard (text ?? "").unicodeScalars.count <= ServiceExchange.textMax else {
            throw .invalid(name, "must be at most \(ServiceExchange.textMax) characters long")
        }
        return text
    }

    func positiveInt(_ name: String) throws(ServiceError) -> Int? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let number = value.intValue, number > 0 else { throw .invalid(name, "must be a whole number above 0") }
        return number
    }
}
