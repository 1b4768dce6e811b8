import Foundation
import Syntax

/// The platforms that connections can be made to: the built-in ones, and those of a folder laid over them.
package struct PlatformCatalog: Sendable {
    private let profiles: [String: PlatformProfile]

    package static let profilesMax = 2_000

    /// Those that every Coffer knows.
    package static let builtIn = PlatformCatalog(profiles: parsedBuiltIns)

    package init(profiles: [PlatformProfile]) {
        self.profiles = Dictionary(profiles.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    package subscript(_ name: String) -> PlatformProfile? { profiles[name] }
    package var names: [String] { profiles.keys.sorted() }

    /// Laid over these: a profile of the same name replaces a built-in one.
    package func overridden(by others: [PlatformProfile]) -> PlatformCatalog {
        PlatformCatalog(profiles: names.compactMap { profiles[$0] } + others)
    }

    /// Every `.yaml` and `.yml` file of a folder, or one file; all problems at once.
    package static func lint(_ path: String) -> (profiles: [PlatformProfile], problems: [ProfileProblem]) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return ([], [ProfileProblem(file: path, reason: "there is no such file or folder")])
        }
        guard isFolder.boolValue else { return lint(files: [path]) }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            return ([], [ProfileProblem(file: path, reason: "the folder cannot be read")])
        }
        let files = names.filter { $0.hasUTF8Suffix(".yaml") || $0.hasUTF8Suffix(".yml") }.sorted()
        guard files.count <= profilesMax else { return ([], [ProfileProblem(file: path, reason: "there are too many profiles")]) }
        return lint(files: files.map { path.hasUTF8Suffix("/") ? path + $0 : "\(path)/\($0)" })
    }

    private static func lint(files: [String]) -> (profiles: [PlatformProfile], problems: [ProfileProblem]) {
        var texts: [(file: String, text: String)] = []
        var problems: [ProfileProblem] = []
        for file in files {
            let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
            guard size <= ProfileReader.bytesMax, let data = FileManager.default.contents(atPath: file),
                let text = String(validating: data, as: UTF8.self)
            else {
                problems.append(ProfileProblem(file: file, reason: "not a readable UTF-8 text of at most 64 KiB"))
                continue
            }
            texts.append((file, text))
        }
        // What a file extends may stand in a later one; a folder's own profiles go before the built-in ones.
        let plain = Dictionary(
            texts.compactMap { try? ProfileReader.read($0.text, file: $0.file) { _ in nil }.get() }.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first })
        var profiles: [PlatformProfile] = []
        for (file, text) in texts {
            switch ProfileReader.read(text, file: file, base: { plain[$0] ?? builtIn[$0] }) {
            case .failure(let found): problems += found.all
            case .success(let profile) where profiles.contains { $0.name == profile.name }:
                problems.append(ProfileProblem(file: file, reason: "another file of this folder has the same 'name'"))
            case .success(let profile): profiles.append(profile)
            }
        }
        return (profiles, problems)
    }

    /// A text as a profile. It may extend a built-in one.
    package static func profile(_ text: String, file: String) throws(ProfileProblems) -> PlatformProfile {
        try ProfileReader.read(text, file: file, base: { builtIn[$0] }).get()
    }

    /// In their order: what one extends stands before it. A test reads every one of them, so none is left out by mistake.
    private static let parsedBuiltIns: [PlatformProfile] = BuiltInProfiles.all.reduce(into: []) { known, entry in
        let read = ProfileReader.read(entry.text, file: entry.name) { [known] base in known.first { $0.name == base } }
        if let profile = try? read.get() { known.append(profile) }
    }
}
