import Syntax

/// Writes a secret without its values: objects remain, and everything else becomes `null`.
enum SubkeyText {
    /// The largest depth of an object. Deeper ones count as values, even if the caller sets no depth.
    static let depthMax = 100

    /// Returns the JSON text to the given depth, or to ``depthMax`` if it is 0.
    static func text(of object: JSONObject, depth: Int) -> [UInt8] {
        var output: [UInt8] = []
        append(object, depthLeft: depth == 0 ? depthMax : min(depth, depthMax), to: &output)
        return output
    }

    private static func append(_ object: JSONObject, depthLeft: Int, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "{"))
        for (index, member) in object.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            JSON.encode(member.key, into: &output)
            output.append(UInt8(ascii: ":"))
            if depthLeft > 1, let inner = member.value.objectValue, !inner.isEmpty {
                append(inner, depthLeft: depthLeft - 1, to: &output)
            } else {
                output.append("null")
            }
        }
        output.append(UInt8(ascii: "}"))
    }
}
