import Hashes
import EngineKit

extension DeviceChain {
    /// Ends the file, opens what has its name now and goes on there. A failure leaves the old file in use where it can.
    func reopen() {
        let now = context.clock.now()
        let failure: String? = state.withLock { state in
            guard !state.isFinished else { return nil }
            guard state.isOpen else {
                state.retryAt = nil  // Somebody has just mended it.
                return nil
            }
            state.end(at: now)
            do throws(AuditDeviceError) {
                try state.flush()
            } catch {
                state.failed(error, at: now)
            }
            do throws(AuditDeviceError) {
                try state.open(context, at: now)
                state.failure = nil
                return nil
            } catch {
                return state.carryOn(after: error, context, at: now)
            }
        }
        if let failure { log(.failed(failure)) }
    }

    /// Writes a line that begins a segment, which shows whether the device works again. Opening one writes it as well.
    func tryAgain() {
        let now = context.clock.now()
        let isOpen = state.withLock { $0.isOpen }
        // What fails is logged and noted there.
        try? locked { state throws(AuditDeviceError) in
            guard isOpen, state.isOpen else { return }
            state.begin(.rolled, context, at: now)
            do throws(AuditDeviceError) {
                try state.flush()
            } catch {
                state.segmentKey = keys.segmentKey(state.last.segment).keyedHash
                throw error
            }
        }
    }

    /// Closes a device that is not to be kept. One that has recorded nothing leaves its file as empty as it found it.
    func withdraw() {
        state.withLock { state in
            // The first line of the first segment is all there is.
            if state.isOpen, state.last.sequence == 1 {
                state.device.takeBackAll()
                state.isOpen = false
            }
        }
        _ = finish()
    }

    /// Writes the last line and closes. Gives the checkpoint to keep.
    func finish() -> AuditCheckpoint? {
        let now = context.clock.now()
        return state.withLock { state in
            if state.isOpen {
                state.end(at: now)
                try? state.flush()  // A file without its last line says that it was not ended, which is the truth.
            }
            let checkpoint = state.checkpoint(at: now)
            state.device.close()
            state.isOpen = false
            state.segmentKey = nil
            state.isFinished = true
            return checkpoint
        }
    }

    func disclose(_ segments: [String]) throws(AuditError) -> AuditChainDisclosure {
        let now = context.clock.now()
        var end: (AuditCheckpoint, String)?
        do throws(AuditDeviceError) {
            try locked { state throws(AuditDeviceError) in
                guard let checkpoint = state.checkpoint(at: now) else { return }
                state.begin(.rolled, context, at: now)
                do throws(AuditDeviceError) {
                    try state.flush()
                } catch {
                    state.segmentKey = keys.segmentKey(state.last.segment).keyedHash
                    throw error
                }
                end = (checkpoint, state.last.segment)
            }
        } catch {
            throw .unavailable(error.reason)
        }
        guard let (checkpoint, live) = end else { throw .unavailable("nothing recorded yet") }
        let pairs = segments.filter { $0 != live }.map { ($0, keys.segmentKey($0)) }
        return AuditChainDisclosure(
            segmentKeys: Dictionary(pairs) { first, _ in first }, checkpoint: checkpoint, liveSegment: live,
            accessor: configuration.accessor)
    }
}

extension ChainState {
    /// The new file could not be opened: the old one is better than none.
    mutating func carryOn(after error: AuditDeviceError, _ context: DeviceChain.Context, at now: Timestamp) -> String {
        guard isOpen else {
            failed(error, at: now)
            return error.reason
        }
        begin(.continued, context, at: now)
        do throws(AuditDeviceError) {
            try flush()
        } catch {
            isOpen = false
            failed(error, at: now)
        }
        return error.reason
    }
}
