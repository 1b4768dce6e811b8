import EngineKit
import Syntax

extension KVVersion2Engine {
    var settings: EnginePath {
        EnginePath(
            "config", "Configures all secrets of the mount.",
            fields: [
                KVVersion2Engine.versionsMaxField, KVVersion2Engine.checkAndSetField,
                // A string, since the duration may be negative.
                Field(
                    "delete_version_after", .string,
                    "How long after its writing a version is deleted; 0 for never, negative for never whatever secrets say."),
            ],
            endpoints: [
                .read: endpoint("Read the settings of the mount.", changesNothing: true, readSettings),
                .update: endpoint("Change the settings of the mount; fields that are not sent keep their values.", writeSettings),
            ])
    }

    private func readSettings(_ request: Request) async throws -> Response {
        let settings = try await secrets.settings()
        let deleteAfter = settings.deleteAfter < 0 ? "-1s" : DurationText.text(seconds: settings.deleteAfter)
        return .data([
            "cas_required": .bool(settings.needsCheckAndSet), "delete_version_after": .string(deleteAfter),
            "max_versions": .int(settings.versionsMax),
        ])
    }

    private func writeSettings(_ request: Request) async throws -> Response {
        let versionsMax = try KVVersion2Engine.versionsMax(request.fields)
        let needsCheckAndSet = request.fields.bool("cas_required")
        let deleteAfter = try request.fields.string("delete_version_after").map(KVVersion2Engine.signedSeconds)
        guard versionsMax != nil || needsCheckAndSet != nil || deleteAfter != nil else { return .empty }
        try await secrets.editSettings { settings in
            if let versionsMax { settings.versionsMax = versionsMax }
            if let needsCheckAndSet { settings.needsCheckAndSet = needsCheckAndSet }
            if let deleteAfter { settings.deleteAfter = deleteAfter }
        }
        return .empty
    }

    /// Returns the duration in seconds, or -1 if it is negative.
    private static func signedSeconds(_ text: String) throws(CofferError) -> Int {
        if text.isEmpty { return 0 }
        let isNegative = text.hasUTF8Prefix("-")
        guard let seconds = DurationText.seconds(isNegative ? String(text.dropFirstUTF8()) : text) else {
            throw .invalid("field 'delete_version_after' must be a duration such as 90, \"90s\" or \"-1s\"")
        }
        return isNegative && seconds > 0 ? -1 : seconds
    }
}

extension KVVersion2Engine {
    static let versionsMaxField = Field(
        "max_versions", .int, "The number of versions that a secret keeps, at most \(HeadFormat.versionsMax); 0 for the default.")
    static let checkAndSetField = Field("cas_required", .bool, "Whether every write has to say which version it replaces.")

    /// Returns the number of versions to keep, or nil if it was not sent.
    static func versionsMax(_ fields: Fields) throws(CofferError) -> Int? {
        guard let value = fields.int("max_versions") else { return nil }
        guard (0...HeadFormat.versionsMax).contains(value) else {
            throw .invalid("field 'max_versions' must be between 0 and \(HeadFormat.versionsMax)")
        }
        return value
    }
}
