import EngineKit
import Syntax

/// The option `cas` of a write: the number of the version that the writer expects to be the newest, or 0 for none.
struct CheckAndSet {
    /// The number, or nil if the writer sent none.
    var expected: Int?

    init(_ options: JSONObject?) throws(CofferError) {
        guard let value = options?["cas"], !value.isNull else { return }
        switch value {
        case .number(let text), .string(let text): expected = Int(text)
        default: break
        }
        guard expected != nil else { throw .invalid("error parsing check-and-set parameter") }
    }

    /// Throws if another version is the newest, or if `cas` is required and absent.
    func check(_ head: Head?, _ settings: MountSettings) throws(CofferError) {
        if let expected {
            guard UInt64(exactly: expected) == head?.current ?? 0 else {
                throw .checkAndSetMismatch
            }
        } else if settings.needsCheckAndSet || head?.needsCheckAndSet == true {
            throw .invalid("check-and-set parameter required for this call")
        }
    }
}
