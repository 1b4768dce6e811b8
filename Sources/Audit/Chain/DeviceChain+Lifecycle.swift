import Hashes
import EngineKit

extension DeviceChain {
    /// Ends the file and continues in the file that has its name now. If that cannot be opened, the old file stays in use if
    /// possible.
    func reopen() {
        let now = context.clock.now()
        let failure: String? = state.withLock { state in
            guard !state.isFinished else { return nil }
            guard state.isOpen else {
                state.retryAt = nil  // The cause may have just been repaired.
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
                return state.resume(after: error, context, at: now)
            }
        }
        if let failure { log(.failed(failure)) }
    }

    /// Begins a new segment, which shows whether the device works again.
    func probe() {
        let now = context.clock.now()
        let isOpen = state.withLock { $0.isOpen }
        // `withOpenDevice` logs and records a failure.
        try? withOpenDevice { state throws(AuditDeviceError) in
            guard isOpen, state.isOpen else { return }
            try roll(&state, at: now)
        }
    }

    /// Begins a new segment. If that fails, the one before stays in use.
    private func roll(_ state: inout ChainState, at now: Timestamp) throws(AuditDeviceError) {
        state.begin(.rolled, context, at: now)
        do throws(AuditDeviceError) {
            try state.flush()
        } catch {
            state.segmentKey = keys.segmentKey(state.last.segment).keyedHash
            throw error
        }
    }

    /// Closes a device that is not to be kept. If it has recorded nothing, its file is left as empty as it was.
    func discard() {
        state.withLock { state in
            // The file contains only the header of the first segment.
            if state.isOpen, state.last.sequence == 1 {
                state.device.removeAll()
                state.isOpen = false
            }
        }
        _ = finish()
    }

    /// Ends the file and closes the device. Returns the checkpoint to store.
    func finish() -> AuditCheckpoint? {
        let now = context.clock.now()
        return state.withLock { state in
            if state.isOpen {
                state.end(at: now)
                try? state.flush()  // If this fails, the file lacks its `end` line, which is then correct.
            }
            let checkpoint = state.checkpoint(at: now)
            state.device.close()
            state.isOpen = false
            state.segmentKey = nil
            state.isFinished = true
            return checkpoint
        }
    }

    /// Begins a new segment, and returns the keys of earlier ones with the end of the last.
    func disclose(_ segments: [String]) throws(AuditError) -> AuditChainDisclosure {
        let now = context.clock.now()
        var end: (AuditCheckpoint, String)?
        do throws(AuditDeviceError) {
            try withOpenDevice { state throws(AuditDeviceError) in
                guard let checkpoint = state.checkpoint(at: now) else { return }
                try roll(&state, at: now)
                end = (checkpoint, state.last.segment)
            }
        } catch {
            throw .unavailable(error.reason)
        }
        guard let (checkpoint, live) = end else { throw .unavailable("nothing has been recorded yet") }
        let pairs = segments.filter { $0 != live }.map { ($0, keys.segmentKey($0)) }
        return AuditChainDisclosure(
            segmentKeys: Dictionary(pairs) { first, _ in first }, checkpoint: checkpoint, liveSegment: live,
            accessor: configuration.accessor)
    }
}

extension ChainState {
    /// Continues in the old file after the new one could not be opened. Returns the reason of the failure.
    mutating func resume(after error: AuditDeviceError, _ context: DeviceChain.Context, at now: Timestamp) -> String {
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
