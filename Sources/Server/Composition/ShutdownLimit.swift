import Dispatch
import Glibc
import Logging

/// Terminates the process if it is still running a given time after SIGTERM or SIGINT.
///
/// It uses a separate thread, so it works even if everything else is blocked by a database that
/// does not answer, or by a bug. Everything acknowledged is on disk by then, and the other nodes of
/// a shared store no longer wait for this one.
final class ShutdownLimit {
    private let sources: [any DispatchSourceSignal]

    /// Begins to watch for the signals. Their default action must be disabled, as the service group has done.
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
