package import EngineKit
import Synchronization

/// The entry of a token in use. Requests share it, so that none of them copies the entry.
package final class LiveToken: Sendable {
    /// The record of the token.
    package let entry: TokenEntry
    /// The token as engines see it.
    package let caller: Caller
    /// The value of ``TokenStore/endings`` when all ancestors were last seen to exist; -1 before the first lookup.
    private let descent = Atomic<Int>(-1)
    /// Whether response wrapping made it.
    package let isWrapping: Bool
    private let notes = UnfairLock<[any AnyObject & Sendable]>([])

    private static let notesMax = 4

    /// Creates the shared form of an entry.
    package init(_ entry: TokenEntry) {
        self.entry = entry
        caller = entry.caller
        isWrapping = entry.isWrapping
    }

    // An `await` in a function that calls a method of the entry makes the compiler copy the whole entry, so these are not inlined.

    /// Returns whether the token is valid; see ``TokenEntry/isValid(at:)``.
    @inline(never)
    package func isValid(at now: Timestamp) -> Bool { entry.isValid(at: now) }

    /// Returns whether the token may be used from an address; see ``TokenEntry/isUsable(from:)``.
    @inline(never)
    package func isUsable(from address: String) -> Bool { entry.isUsable(from: address) }

    /// Whether all ancestors are known to exist as of this count of endings.
    func isDescentKnown(at endings: Int) -> Bool {
        entry.isOrphan || descent.load(ordering: .acquiring) == endings
    }

    func noteDescent(at endings: Int) { descent.store(endings, ordering: .releasing) }

    /// Returns an object that another room has derived from the entry, or creates it. The last few are kept; `fits` selects
    /// one.
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
