/// Typed reading for policies and configuration. Each error names the key and its position.
extension HCLBody {
    /// Returns the value of an attribute, or nil if there is no attribute with that name.
    public subscript(_ name: String) -> HCLValue? { attributes.first { $0.name == name }?.value }

    /// The name of each attribute and the type of each block, in the order of the text. A block's type may occur more than once.
    public var names: [(name: String, position: HCLPosition)] {
        let all = attributes.map { (name: $0.name, position: $0.position) } + blocks.map { (name: $0.type, position: $0.position) }
        return all.sorted { $0.position < $1.position }
    }

    /// Checks that all attributes and blocks have known names.
    ///
    /// - Throws: ``HCLError`` for the first whose name is not in `known`.
    public func refuseUnknown(except known: Set<String>) throws(HCLError) {
        if let first = names.first(where: { !known.contains($0.name) }) {
            throw HCLError("unknown key \(HCLError.quoted(first.name))", at: first.position)
        }
    }

    /// Returns the blocks of one type, each with `count` labels.
    ///
    /// All forms are read: `listener "tcp" {}`, `listener { tcp {} }`, `listener = { tcp = {} }`, `"listener": [{"tcp": {}}]`.
    ///
    /// - Throws: ``HCLError`` if a block has more labels, has settings in place of labels, or is not a block.
    public func blocks(_ type: String, labels count: Int) throws(HCLError) -> [HCLBlock] {
        var found: [HCLBlock] = []
        for block in members(type) { try HCLBody.expand(block, count, into: &found) }
        for attribute in attributes where attribute.name == type && attribute.value.objects == nil {
            throw HCLError("\(HCLError.quoted(type)) must be a block", at: attribute.position)
        }
        return found
    }

    /// Returns the blocks, and the attributes whose values are objects as blocks, in the order of the text.
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
            let wanted =
                switch count {
                case 0: "no label"
                case 1: "one label"
                default: "\(count) labels"
                }
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

    /// Returns an object, written as `name = {...}` or as one block `name {...}`, or nil if there is none.
    public func object(_ name: String) throws(HCLError) -> HCLBody? {
        let all = try blocks(name, labels: 0)
        if all.count > 1 { throw HCLError("\(HCLError.quoted(name)) is set twice", at: all[1].position) }
        return all.first?.body
    }

    /// Returns a string, or nil if there is no such attribute.
    public func string(_ name: String) throws(HCLError) -> String? {
        try read(name, as: "a string") { if case .string(let text) = $0.content { text } else { nil } }
    }

    /// Returns a string, or the text of a number or Boolean, or nil if there is no such attribute.
    public func text(_ name: String) throws(HCLError) -> String? { try read(name, as: "a string", convert: \.scalarText) }

    /// Returns a Boolean, written as `true`, `1`, `"true"`, `"1"`, `false`, `0`, `"false"` or `"0"`, or nil if there is no such
    /// attribute.
    public func bool(_ name: String) throws(HCLError) -> Bool? {
        try read(name, as: "true or false") { value in
            switch value.scalarText {
            case "true", "1": true
            case "false", "0": false
            default: nil
            }
        }
    }

    /// Returns a whole number, with or without quotes, or nil if there is no such attribute.
    public func int(_ name: String) throws(HCLError) -> Int? {
        try read(name, as: "a whole number") { value in
            if case .bool = value.content { nil } else { value.scalarText.flatMap { Int($0) } }
        }
    }

    /// Returns a duration in whole seconds, written as `90`, `"90"` or `"1h30m"`, or nil if there is no such attribute.
    public func seconds(_ name: String) throws(HCLError) -> Int? {
        try read(name, as: "a duration such as \"1h30m\", without a fraction of a second") { value in
            value.scalarText.flatMap { DurationText.seconds($0) }
        }
    }

    /// Returns a list of strings, or nil if there is no such attribute. A single string is read as a list of one.
    public func strings(_ name: String) throws(HCLError) -> [String]? {
        try read(name, as: "a list of strings") { value in
            switch value.content {
            case .string(let text): return [text]
            case .list(let values):
                let texts = values.compactMap { if case .string(let text) = $0.content { text } else { nil } }
                return texts.count == values.count ? texts : nil
            default: return nil
            }
        }
    }

    /// Returns the converted value of an attribute, or nil if there is no such attribute. `kind` is what the value must be, for the
    /// error message; `convert` returns nil for a value of another kind.
    private func read<T>(
        _ name: String, as kind: String, convert: (HCLValue) -> T?
    ) throws(HCLError) -> T? {
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
    /// The text of a string, number or Boolean, or nil for any other value.
    var scalarText: String? {
        switch content {
        case .string(let text), .number(let text): text
        case .bool(let value): String(value)
        default: nil
        }
    }

    /// The value's objects, if it is an object or a list that contains only objects, or nil.
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
