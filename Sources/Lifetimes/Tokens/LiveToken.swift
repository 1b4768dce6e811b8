package import EngineKit

/// The entry of a token in use. Requests share it, so that none copies an entry.
package final class LiveToken: Sendable {
    package let entry: TokenEntry
    package let caller: Caller
    package let isWrapping: Bool
    private let notes = BargingLock<[any AnyObject & Sendable]>([])

    private static let notesMax = 4

    package init(_ entry: TokenEntry) {
        self.entry = entry
        caller = entry.caller
        isWrapping = entry.isWrapping
    }

    /// What another room made of the entry and wants to find again: the latest few, of which `fits` picks one.
    package func note<Note: AnyObject & Sendable>(where fits: (Note) -> Bool, make: () -> Note) -> Note {
        notes.withLock { notes in
            for note in notes {
                if let note = note as? Note, fits(note) { return note }
            }
            let made = make()
            if notes.count == Self.notesMax { notes.removeFirst() }
            notes.append(made)
            return made
        }
    }
}
