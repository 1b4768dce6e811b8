import EngineKit
import Records

extension RecordTable {
    /// Returns the record of that name, and whether there is one that cannot be read. For what is about many records, which one
    /// damaged record must not prevent, and for replacing or deleting it.
    func findUnlessDamaged(_ name: String) async throws(StorageError) -> (found: Found?, isDamaged: Bool) {
        do throws(StorageError) {
            return (try await find(name), false)
        } catch {
            guard case .corrupted = error else { throw error }
            return (nil, true)
        }
    }
}
