import EngineKit
import Syntax

/// `options.cas`: the version that the writer believes is the newest; 0 when it believes there is none.
struct CheckAndSet {
    /// nil when the writer sent none.
    var expected: Int?

    init(_ options: JSONObject?) throws(CofferError) {
        guard let value = options?["cas"], !value.isNull else { return }
        switch value {
        case .number(let text), .string(let text): expected = Int(text)
        default: break
        }
        guard expected != nil else { throw .invalid("error parsing check-and-set parameter") }
    }

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
