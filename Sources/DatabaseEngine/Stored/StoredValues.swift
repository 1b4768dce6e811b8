import EngineKit
import Syntax

extension JSON {
    var texts: [String] { arrayValue?.compactMap(\.stringValue) ?? [] }
}

extension Optional where Wrapped == JSON {
    var texts: [String] { self?.texts ?? [] }
    var text: String { self?.stringValue ?? "" }
    var time: Timestamp? { self?.stringValue.flatMap { Int64($0) }.map { Timestamp(nanoseconds: $0) } }
}

extension Timestamp {
    var stored: JSON { .string(String(nanoseconds)) }
}
