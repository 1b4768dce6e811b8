import Dispatch
import Glibc
import Logging

/// Ends the process when it has not ended by itself so long after SIGTERM or SIGINT.
///
/// On a thread of its own, so that it works whatever the rest waits for: a database that does not answer, or a fault of ours.
/// Everything that was acknowledged is on disk by then; a store of many nodes takes the place of this one away.
final class ShutdownLimit {
    private let sources: [any DispatchSourceSignal]

    /// The signals must be ignored otherwise, as the services' group has it.
    init(seconds: Int, logger: Logger, end: @escaping @Sendable () -> Void = { _exit(1) }) {
        let queue = DispatchQueue(label: "coffer.shutdown", qos: .userInitiated)
        sources = [SIGTERM, SIGINT].map { signal in
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler {
                queue.asyncAfter(deadline: .now() + .seconds(seconds)) {
                    logger.error(
                        "the server did not shut down in time and is being terminated; everything acknowledged is stored",
                        metadata: ["seconds": "\(seconds)"])
                    end()
                }
            }
            source.resume()
            return source
        }
    }

    deinit { for source in sources { source.cancel() } }
}
