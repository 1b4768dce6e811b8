/// Wakes a job that would otherwise look for work once a second. Rung often, it wakes it once.
package final class Bell: Sendable {
    /// For one listener.
    package let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    package init() { (rings, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

    package func ring() { continuation.yield() }
}
