/// Wakes a job that would otherwise look for work once a second. Rung often, it wakes it once.
package final class Bell: Sendable {
    /// For one listener.
    package let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    /// Creates a bell with its one stream of rings.
    package init() { (rings, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

    /// Wakes whoever waits for the next ring. Rings while nobody waits count as one.
    package func ring() { continuation.yield() }
}
