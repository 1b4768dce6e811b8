package import EngineKit
import Synchronization

/// The entry of a token in use. Requests share it, so that none copies an entry.
package final class LiveToken: Sendable {
    package let entry: TokenEntry
    package let caller: Caller
    /// The count of endings up to which every ancestor was seen to be there; -1 before it was looked at.
    private let descent = Atomic<Int>(-1)
    package let isWrapping: Bool
    private let notes = UnfairLock<[any AnyObject & Sendable]>([])

    private static let notesMax = 4

    package init(_ entry: TokenEntry) {
        self.entry = entry
        caller = entry.caller
        isWrapping = entry.isWrapping
    }

    /// Whether it is known that no ancestor was revoked, as of this count of endings.
    func isDescentKnown(at endings: Int) -> Bool {
        entry.isOrphan || descent.load(ordering: .acquiring) == endings
    }

    func noteDescent(at endings: Int) { descent.store(endings, ordering: .releasing) }

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
