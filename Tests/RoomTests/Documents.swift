import Foundation

/// The Markdown files of the package as text, so that a rule can be tried on made-up files too.
struct Documents {
    /// Paths relative to the package, such as `docs/cli.md`, and their text.
    var files: [String: String]
    /// Every path of the package that a link may lead to, folders included.
    var paths: Set<String>

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().resolvingSymlinksInPath()

    /// What is in the package's folder and not part of it.
    private static let skipped: Set = [".build", ".git", ".coffer"]

    static func ofThisPackage() throws -> Documents {
        var documents = Documents(files: [:], paths: [])
        var folders = [""]
        while let folder = folders.popLast() {
            let names = try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)
            for name in names where !skipped.contains(name) && !name.hasPrefix(".build") {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                documents.paths.insert(path)
                var isFolder: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder)
                if isFolder.boolValue {
                    folders.append(path)
                } else if path.hasSuffix(".md") {
                    documents.files[path] = try text(path)
                }
            }
        }
        return documents
    }

    /// A file of the package.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}

extension Documents {
    struct Link {
        var file: String
        var line: Int
        var target: String
    }

    /// The links of all files, without those in code.
    var links: [Link] {
        files.sorted { $0.key < $1.key }.flatMap { file, text in
            Self.prose(text).enumerated().flatMap { index, line in
                Self.targets(line).map { Link(file: file, line: index + 1, target: $0) }
            }
        }
    }

    /// The lines of a text, with code blocks and code spans blanked out.
    static func prose(_ text: String) -> [String] {
        var isCode = false
        return text.components(separatedBy: "\n").map { line in
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isCode.toggle()
                return ""
            }
            guard !isCode else { return "" }
            let parts = line.components(separatedBy: "`")
            return parts.indices.map { $0 % 2 == 0 || $0 == parts.count - 1 ? parts[$0] : "" }.joined(separator: "`")
        }
    }

    /// What is in the parentheses of `[text](target)`.
    private static func targets(_ line: String) -> [String] {
        var rest = line[...]
        var found: [String] = []
        while let start = rest.range(of: "](") {
            rest = rest[start.upperBound...]
            guard let end = rest.firstIndex(of: ")") else { break }
            found.append(String(rest[..<end]))
            rest = rest[end...]
        }
        return found
    }

    /// The anchors of a file's headings, as GitHub makes them.
    static func anchors(_ text: String) -> Set<String> {
        var found: Set<String> = []
        var isCode = false
        for line in text.components(separatedBy: "\n") {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isCode.toggle() }
            guard !isCode, line.hasPrefix("#") else { continue }
            let title = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
            let kept = title.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
            let anchor = kept.replacingOccurrences(of: " ", with: "-")
            var (unique, count) = (anchor, 0)
            while !found.insert(unique).inserted {
                count += 1
                unique = "\(anchor)-\(count)"
            }
        }
        return found
    }

    /// Links that lead nowhere in the package. Links to other sites are not followed.
    var brokenLinks: [String] {
        links.compactMap { link in
            guard !link.target.contains("://"), !link.target.hasPrefix("mailto:") else { return nil }
            let parts = link.target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let path = parts[0].isEmpty ? link.file : Self.resolved(parts[0], from: link.file)
            let place = "\(link.file):\(link.line): \(link.target)"
            guard let path, paths.contains(path) || files[path] != nil else { return "\(place): there is no such file" }
            guard parts.count == 2 else { return nil }
            guard let text = files[path], Self.anchors(text).contains(parts[1]) else { return "\(place): there is no such heading" }
            return nil
        }
    }

    /// A relative path, from the package's folder; nil when it leads out of the package.
    private static func resolved(_ target: String, from file: String) -> String? {
        var folders = file.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "/").map(String.init) where part != "." {
            guard part == ".." else {
                folders.append(part)
                continue
            }
            guard folders.popLast() != nil else { return nil }
        }
        return folders.joined(separator: "/")
    }
}
