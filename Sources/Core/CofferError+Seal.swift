package import Barrier
package import EngineKit

extension CofferError {
    /// Creates the error that a caller gets for a failure of the seal: `.sealed`, `.uninitialized`, the storage error, `.internal`
    /// for damaged or unknown records, and `.invalidRequest` for everything else.
    package init(_ error: SealError) {
        switch error {
        case .sealed: self = .sealed
        case .notInitialized: self.init(.uninitialized, "\(error)")
        case .storage(let error): self.init(error)
        case .corrupted, .unknownFormat, .termMismatch: self.init(.internal, "\(error)")
        default: self.init(.invalidRequest, "\(error)")
        }
    }
}
