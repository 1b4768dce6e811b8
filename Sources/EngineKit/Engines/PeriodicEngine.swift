/// An engine with work of its own, besides answering: refreshing, rotating, tidying.
///
/// Of the servers that share a store, the one that leads calls it. A leader may have lost its place without knowing it yet:
/// a round must take what it works on from the store, under a precondition, before it acts outside. What it does is not a request, so it puts it on record itself:
/// ``MountContext/record``.
package protocol PeriodicEngine: Engine {
    /// One round. It comes about once a second, never while the last one is still under way, and may take long.
    func runRound() async

    /// The same for what every node must do for itself, on those that do not lead.
    func runFollowerRound() async

    /// Ends what is under way, within seconds. Called once before the barrier closes; storage can still be written.
    func finish() async
}

extension PeriodicEngine {
    /// Does nothing: most engines have no work that every node must do.
    package func runFollowerRound() async {}
    /// Does nothing: for engines whose rounds end with the calls that they are in.
    package func finish() async {}
}
