/// Runs `body` for every item, at most `width` at a time. Returns the results in no particular order.
package func concurrently<Item: Sendable, Value: Sendable>(
    _ items: [Item], width: Int, _ body: @escaping @Sendable (Item) async throws -> Value
) async -> [Result<Value, any Error>] {
    await withTaskGroup(of: Result<Value, any Error>.self) { group in
        var rest = items[...]
        var results: [Result<Value, any Error>] = []
        results.reserveCapacity(items.count)
        func addNext() {
            guard let item = rest.popFirst() else { return }
            group.addTask {
                do {
                    return .success(try await body(item))
                } catch {
                    return .failure(error)
                }
            }
        }
        for _ in 0..<width { addNext() }
        while let result = await group.next() {
            results.append(result)
            addNext()
        }
        return results
    }
}
