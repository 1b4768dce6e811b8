import OAuth
import Syntax

/// A form that strangers post, as a form and as JSON. Whoever reads it must see what was sent: names without an escape are found, none
/// occurs twice, and what a client encodes is read as it was.
func fuzzForm(_ bytes: UnsafeRawBufferPointer) {
    let array = Array(bytes)
    _ = FormBody(json: array).map { $0["state"] }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        precondition(FormBody(array) == nil, "a form that is no text is read")
        return
    }
    let encoded = PercentEncoding.form([("a b", text), ("code", "c")])
    if encoded.utf8.count <= FormBody.bytesMax {
        guard let form = FormBody(Array(encoded.utf8)) else { preconditionFailure("a form that a client encodes is not read") }
        precondition(form["a b"].utf8.elementsEqual(text.utf8) && form["code"] == "c", "a form is not read as it is written")
    }
    guard let form = FormBody(array) else { return }
    precondition(array.count <= FormBody.bytesMax)
    let doubled = array + [UInt8(ascii: "&")] + array
    for name in ["state", "code", "id_token", "error", ""] where !form[name].isEmpty {
        precondition(form[name].utf8.count <= array.count, "a value is longer than the form")
        precondition(FormBody(doubled) == nil, "a form with a field twice is read")
    }
}
