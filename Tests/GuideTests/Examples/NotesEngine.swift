import EngineKit
import Records
import Syntax

/// A note, as it is stored.
struct Note: Record {
    var text: String

    init(text: String) { self.text = text }

    var stored: JSONObject { ["text": .string(text)] }

    init?(stored: JSONObject) {
        guard let text = stored["text"]?.stringValue else { return nil }
        self.text = text
    }
}

/// A secrets engine that keeps notes.
struct NotesEngine: SecretsEngine {
    static let description = EngineDescription(type: "notes", summary: "Keeps notes.", make: { NotesEngine($0) })

    let paths: [EnginePath]

    init(_ context: MountContext) {
        let notes = RecordTable<Note>(storage: context.storage, prefix: "note/")
        paths = [Self.listing(of: notes), Self.note(in: notes)]
    }
}

extension NotesEngine {
    private static func listing(of notes: RecordTable<Note>) -> EnginePath {
        EnginePath("notes", "The names of the notes.", fields: Paging.fields)
            .listing("List the notes.") { try .keys(try await notes.names(Paging($0.fields))) }
    }

    private static func note(in notes: RecordTable<Note>) -> EnginePath {
        EnginePath(
            "notes/{name}", "A note.",
            fields: [
                Field("name", .string, "The name of the note."), Field("text", .string, "The text of the note."),
            ],
            exists: { try await notes.find($0.captures["name"]) != nil }
        )
        .reading("Read a note.") { .data(["text": .string(try await notes.existing($0.captures["name"]).text)]) }
        .updatingWithoutAnswer("Write a note.") { request in
            guard let text = request.fields.string("text") else { throw CofferError.invalid("missing field 'text'") }
            try await notes.edit(request.captures["name"]) { note, _ in note = Note(text: text) }
        }
        .deleting("Delete a note.") { try await notes.delete($0.captures["name"]) }
    }
}
