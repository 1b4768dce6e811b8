import Syntax

/// What parses is written and parsed again to the same value.
func fuzzJSON(_ bytes: UnsafeRawBufferPointer) {
    guard let value = try? JSON(parsing: bytes) else { return }
    let again = try? JSON(parsing: value.encoded())
    precondition(again == value, "a value changed when it was written and read")
    precondition((try? JSON(parsing: value.pretty())) == value, "a value changed when it was written for people")
}
