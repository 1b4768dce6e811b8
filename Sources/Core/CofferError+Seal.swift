package import Barrier
package import EngineKit

extension CofferError {
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
