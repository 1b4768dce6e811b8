/// The HTTP status of each error, for all dialects.
///
/// ``CofferError/Code/httpStatus`` holds for every dialect; a dialect differs only where its table here says so.
package struct StatusTable: Sendable {
    /// The statuses of codes that the dialect answers in its own way.
    private let codes: [CofferError.Code: Int]
    /// The statuses of errors with a finer reason, by ``CofferError/reason``. They come before those of codes.
    private let reasons: [String: Int]

    private init(codes: [CofferError.Code: Int] = [:], reasons: [String: Int] = [:]) {
        self.codes = codes
        self.reasons = reasons
    }

    /// Returns whether the dialect tells errors with this reason apart from others of their code.
    package func tellsApart(_ reason: String) -> Bool { reasons[reason] != nil }

    /// Returns the status with which the dialect answers the error.
    package func status(of error: CofferError) -> Int {
        if let reason = error.reason, let status = reasons[reason] { return status }
        return codes[error.code] ?? error.code.httpStatus
    }
}

extension StatusTable {
    /// The Vault API distinguishes no further reasons and has no statuses of its own.
    package static let vault = StatusTable()

    /// For a service, a server that is not initialized is unavailable.
    package static let service = StatusTable(codes: [.uninitialized: 503])

    /// Engines distinguish why a connection has no token.
    package static let engine = StatusTable(
        codes: [.uninitialized: 503],
        reasons: [
            "not_connected": 404, "insufficient_scope": 409, "token_expired": 410, "revoked": 410, "provider_failing": 424,
            "refresh_under_way": 424, "unknown_platform": 400,
        ])
}

extension CofferError.Code {
    /// The status of the code in Vault's protocol, which the audit log records whatever the dialect answered. Vault answers
    /// most refusals with 400. A client that lost a race in the storage can recognize that by 409.
    package var httpStatus: Int {
        switch self {
        case .invalidRequest, .uninitialized: 400
        case .permissionDenied: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .conflict: 409
        case .tooLarge: 413
        case .unsupportedMediaType: 415
        case .rateLimited: 429
        case .internal: 500
        case .sealed, .unavailable: 503
        }
    }
}
