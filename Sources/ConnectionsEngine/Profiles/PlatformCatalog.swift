import Foundation
import Syntax

/// The platforms that connections can be made to: the built-in ones, and those of a configured directory.
package struct PlatformCatalog: Sendable {
    private let profiles: [String: PlatformProfile]

    /// The number of profiles in one directory.
    package static let profilesMax = 2_000

    /// The platforms that are part of Coffer.
    package static let builtIn = PlatformCatalog(profiles: parsedBuiltIns)

    /// Creates a catalog. If two profiles have the same name, the later one is used.
    package init(profiles: [PlatformProfile]) {
        self.profiles = Dictionary(profiles.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    /// Returns the profile of a platform, or nil if there is none.
    package subscript(_ name: String) -> PlatformProfile? { profiles[name] }

    /// The names of all platforms, sorted.
    package var names: [String] { profiles.keys.sorted() }

    /// Returns this catalog with other profiles added, which replace those of the same name.
    package func overridden(by others: [PlatformProfile]) -> PlatformCatalog {
        PlatformCatalog(profiles: names.compactMap { profiles[$0] } + others)
    }

    /// Reads one profile, or every `.yaml` and `.yml` file of a directory. Returns the profiles that could be read and
    /// everything that is wrong with the others.
    package static func lint(_ path: String) -> (profiles: [PlatformProfile], problems: [ProfileProblem]) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return ([], [ProfileProblem(file: path, reason: "no such file or directory")])
        }
        guard isFolder.boolValue else { return lint(files: [path]) }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            return ([], [ProfileProblem(file: path, reason: "the directory cannot be read")])
        }
        let files = names.filter { $0.hasUTF8Suffix(".yaml") || $0.hasUTF8Suffix(".yml") }.sorted()
        guard files.count <= profilesMax else {
            return ([], [ProfileProblem(file: path, reason: "more than \(profilesMax) profiles")])
        }
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
                problems.append(ProfileProblem(file: file, reason: "not a readable file of at most 64 KiB of UTF-8 text"))
                continue
            }
            texts.append((file, text))
        }
        // A file may extend a profile from a later file. The directory's own profiles take precedence over built-in ones.
        let plain = Dictionary(
            texts.compactMap { try? ProfileReader.read($0.text, file: $0.file) { _ in nil }.get() }.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first })
        var profiles: [PlatformProfile] = []
        for (file, text) in texts {
            switch ProfileReader.read(text, file: file, base: { plain[$0] ?? builtIn[$0] }) {
            case .failure(let found): problems += found.all
            case .success(let profile) where profiles.contains { $0.name == profile.name }:
                problems.append(ProfileProblem(file: file, reason: "another file in this directory has the same 'name'"))
            case .success(let profile): profiles.append(profile)
            }
        }
        return (profiles, problems)
    }

    /// Parses one profile, which may extend a built-in one.
    package static func profile(_ text: String, file: String) throws(ProfileProblems) -> PlatformProfile {
        try ProfileReader.read(text, file: file, base: { builtIn[$0] }).get()
    }

    /// The built-in profiles, in an order in which a profile follows the one that it extends. A test reads each of them, so
    /// that none is skipped unnoticed.
    private static let parsedBuiltIns: [PlatformProfile] = BuiltInProfiles.all.reduce(into: []) { known, text in
        let read = ProfileReader.read(text, file: "built-in") { [known] base in known.first { $0.name == base } }
        if let profile = try? read.get() { known.append(profile) }
    }
}
