/// An engine that knows why a path that it does not serve is asked for often, and says what to ask for in its place.
package protocol PathExplainingEngine: Engine {
    /// For callers who may use the path. nil where there is nothing to explain; names nothing that was sent.
    func explanation(of relativePath: Substring, _ operation: Operation) -> String?
}
