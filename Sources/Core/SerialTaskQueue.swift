/// Runs one task at a time. The others wait, and run in the order in which they came.
actor SerialTaskQueue {
    private var last: Task<Void, Never>?

    /// Runs `body` when everything that entered before has ended, and returns when it has ended itself.
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
