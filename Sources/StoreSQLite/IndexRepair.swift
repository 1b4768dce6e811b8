import Logging

/// Acts on a check of the index: rebuilds it, checks it again, and tells the operator.
struct IndexRepair: Sendable {
    /// Checks the whole index. Ends early when `mayGoOn` returns false.
    let check: @Sendable (_ mayGoOn: () -> Bool) -> IndexCheck.Finding
    let logger: Logger

    /// Checks the index, and if it is damaged rebuilds it and checks it again.
    ///
    /// - Returns: The last finding. It is `.unfinished` if a check ended early or the database
    ///   could not be read.
    func run(
        mayGoOn: () -> Bool = { true }, rebuild: () throws(SQLiteFailure) -> Void
    ) -> IndexCheck.Finding {
        let finding = inspect(mayGoOn)
        guard finding == .damagedIndex else { return finding }
        return conclude(Result { () throws(SQLiteFailure) in try rebuild() }, mayGoOn)
    }

    /// Does the same while the store is in use. A check that could not be finished is repeated
    /// after `pause`.
    func runUntilFinished(
        mayGoOn: @Sendable () -> Bool, pause: @Sendable () async -> Void,
        rebuild: @Sendable () async -> Result<Void, SQLiteFailure>
    ) async -> IndexCheck.Finding {
        while true {
            var finding = inspect(mayGoOn)
            if finding == .damagedIndex { finding = conclude(await rebuild(), mayGoOn) }
            guard finding == .unfinished, mayGoOn() else { return finding }
            logger.warning("the check of the database's index could not be completed; it will be tried again in a minute")
            await pause()
        }
    }

    private func inspect(_ mayGoOn: () -> Bool) -> IndexCheck.Finding {
        let finding = check(mayGoOn)
        switch finding {
        case .sound, .unfinished: break
        case .damagedTable:
            logger.error(
                "the database is damaged: records that cannot be read are refused, the others are served. Restore a backup and check the disk"
            )
        case .damagedIndex:
            logger.warning("the database's index is damaged and is being rebuilt; writes wait until it is done")
        }
        return finding
    }

    private func conclude(_ rebuilt: Result<Void, SQLiteFailure>, _ mayGoOn: () -> Bool) -> IndexCheck.Finding {
        do throws(SQLiteFailure) {
            try rebuilt.get()
            let finding = check(mayGoOn)
            switch finding {
            case .sound:
                logger.error(
                    "the database's index was damaged and hid some records; it was rebuilt and nothing is lost. Check the disk")
            case .unfinished: break
            case .damagedTable, .damagedIndex: throw .damagedRow
            }
            return finding
        } catch {
            logger.error(
                "the database's index is damaged and cannot be rebuilt: restore a backup and check the disk",
                metadata: ["error": "\(error.unavailable)"])
            return .damagedIndex
        }
    }
}
