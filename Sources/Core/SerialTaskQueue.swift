/// Runs one task at a time, in the order in which they are added.
actor SerialTaskQueue {
    private var last: Task<Void, Never>?

    /// Runs `body` after all bodies that were added before. Returns, or throws, when it has ended.
    func enter(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let before = last
        let task = Task {
            await before?.value
            return await Result { () async throws in try await body() }
        }
        last = Task { _ = await task.value }
        try await task.value.get()
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
