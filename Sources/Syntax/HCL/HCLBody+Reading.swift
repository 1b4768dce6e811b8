/// What decoders of policies and configuration need. Every error names the key and where it stands.
extension HCLBody {
    public subscript(_ name: String) -> HCLValue? { attributes.first { $0.name == name }?.value }

    /// The name of every attribute and block in the order of the text. A block's type may come more than once.
    public var names: [(name: String, position: HCLPosition)] {
        let all = attributes.map { (name: $0.name, position: $0.position) } + blocks.map { (name: $0.type, position: $0.position) }
        return all.sorted { $0.position < $1.position }
    }

    public func refuseUnknown(except known: Set<String>) throws(HCLError) {
        if let first = names.first(where: { !known.contains($0.name) }) {
            throw HCLError("unknown key \(HCLError.quoted(first.name))", at: first.position)
        }
    }

    /// Blocks of one type with `count` labels each, in all the ways to write them:
    /// `listener "tcp" {}`, `listener { tcp {} }`, `listener = { tcp = {} }`, `"listener": [{"tcp": {}}]`.
    public func blocks(_ type: String, labels count: Int) throws(HCLError) -> [HCLBlock] {
        var found: [HCLBlock] = []
        for block in members(type) { try HCLBody.expand(block, count, into: &found) }
        for attribute in attributes where attribute.name == type && attribute.value.objects == nil {
            throw HCLError("\(HCLError.quoted(type)) must be a block", at: attribute.position)
        }
        return found
    }

    /// The members that are blocks or can be read as such.
    private func members(_ type: String? = nil) -> [HCLBlock] {
        let asObjects = attributes.filter { type == nil || $0.name == type }.flatMap { attribute in
            (attribute.value.objects ?? []).map {
                HCLBlock(type: attribute.name, labels: [], body: $0, position: attribute.position)
            }
        }
        let asBlocks = blocks.filter { type == nil || $0.type == type }
        return (asObjects + asBlocks).sorted { $0.position < $1.position }
    }

    private static func expand(_ block: HCLBlock, _ count: Int, into found: inout [HCLBlock]) throws(HCLError) {
        if block.labels.count == count { return found.append(block) }
        guard block.labels.count < count else {
            let wanted = count == 0 ? "no label" : count == 1 ? "one label" : "\(count) labels"
            throw HCLError("\(HCLError.quoted(block.type)) takes \(wanted)", at: block.position)
        }
        if let scalar = block.body.attributes.first(where: { $0.value.objects == nil }) {
            let what = "\(HCLError.quoted(block.type)) needs a label before its settings"
            throw HCLError(what, at: scalar.position)
        }
        for inner in block.body.members() {
            let labels = block.labels + [inner.type] + inner.labels
            try expand(HCLBlock(type: block.type, labels: labels, body: inner.body, position: inner.position), count, into: &found)
        }
    }

    /// An object written as `name = {...}` or as one block `name {...}`.
    public func object(_ name: String) throws(HCLError) -> HCLBody? {
        let all = try blocks(name, labels: 0)
        if all.count > 1 { throw HCLError("\(HCLError.quoted(name)) is set twice", at: all[1].position) }
        return all.first?.body
    }

    public func string(_ name: String) throws(HCLError) -> String? {
        try read(name, "a string") { if case .string(let text) = $0.content { text } else { nil } }
    }

    /// A string, or a number or boolean as it is written.
    public func text(_ name: String) throws(HCLError) -> String? { try read(name, "a string", \.scalarText) }

    /// `true`, `1`, `"true"`, `"1"` and their opposites.
    public func bool(_ name: String) throws(HCLError) -> Bool? {
        try read(name, "true or false") { value in
            switch value.scalarText {
            case "true", "1": true
            case "false", "0": false
            default: nil
            }
        }
    }

    /// A whole number, also in quotes.
    public func int(_ name: String) throws(HCLError) -> Int? {
        try read(name, "a whole number") { value in
            if case .bool = value.content { nil } else { value.scalarText.flatMap { Int($0) } }
        }
    }

    /// A duration in whole seconds: `90`, `"90"`, `"1h30m"`.
    public func seconds(_ name: String) throws(HCLError) -> Int? {
        try read(name, "a duration such as \"1h30m\", without a fraction of a second") { value in
            value.scalarText.flatMap { DurationText.seconds($0) }
        }
    }

    /// A list of strings; a single string is a list of one.
    public func strings(_ name: String) throws(HCLError) -> [String]? {
        try read(name, "a list of strings") { value in
            switch value.content {
            case .string(let text): return [text]
            case .list(let values):
                let texts = values.compactMap { if case .string(let text) = $0.content { text } else { nil } }
                return texts.count == values.count ? texts : nil
            default: return nil
            }
        }
    }

    private func read<T>(_ name: String, _ kind: String, _ convert: (HCLValue) -> T?) throws(HCLError) -> T? {
        if let block = blocks.first(where: { $0.type == name }) {
            throw HCLError("\(HCLError.quoted(name)) must be \(kind)", at: block.position)
        }
        guard let value = self[name] else { return nil }
        guard let result = convert(value) else {
            throw HCLError("\(HCLError.quoted(name)) must be \(kind)", at: value.position)
        }
        return result
    }
}

extension HCLValue {
    var scalarText: String? {
        switch content {
        case .string(let text), .number(let text): text
        case .bool(let value): String(value)
        default: nil
        }
    }

    /// The value as one object or a list of nothing but objects.
    var objects: [HCLBody]? {
        switch content {
        case .object(let body): return [body]
        case .list(let values):
            let bodies = values.compactMap { if case .object(let body) = $0.content { body } else { nil } }
            return bodies.count == values.count ? bodies : nil
        default: return nil
        }
    }
}
