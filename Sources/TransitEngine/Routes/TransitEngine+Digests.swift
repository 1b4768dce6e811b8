import EngineKit
import SecretMemory
import Syntax

/// The routes `hmac`, `hash` and `random`.
extension TransitEngine {
    var digestPaths: [EnginePath] {
        [
            hmac("hmac/{name}"), hmac("hmac/{name}/{urlalgorithm}"), hash("hash"), hash("hash/{urlalgorithm}"),
            random("random"), random("random/{urlbytes}"), random("random/{source}/{urlbytes}"),
        ]
    }

    static let algorithmField = Field(
        "algorithm", .string, default: "sha2-256", "The hash: sha2-224, sha2-256, sha2-384, sha2-512 or sha3-224 to sha3-512.")

    /// Returns the algorithm that the path names, or else the one in the body.
    static func algorithm(_ request: Request) throws(CofferError) -> HashAlgorithm {
        let inPath = request.captures["urlalgorithm"]
        return try HashAlgorithm(named: inPath.isEmpty ? request.fields.text("algorithm") : inPath)
    }

    private func hmac(_ pattern: PathPattern) -> EnginePath {
        EnginePath(
            pattern, "Message authentication codes.",
            fields: [
                Field("input", .string, "Base64."), Self.algorithmField,
                Field("key_version", .int, "The version to use; 0, or none, for the newest."),
            ] + Batching.fields
        )
        .updating("Authenticate a message.", changesNothing: true) { request in
            let key = try await key(request)
            let algorithm = try Self.algorithm(request)
            let requested = request.fields.number("key_version")
            return try await Batching.run(request, cost: .hmac, failures: .byItem) { item throws(CofferError) in
                let input = try item.required("input", else: "missing input for HMAC")
                let version = try key.version(making: .hmac, requested: requested)
                let code = algorithm.hmac(input, key: version.hmacKey)
                return ["hmac": .string(VersionedText.make(version.number, code))]
            }
        }
    }

    /// Whether `text` is the code that `hmac` returns for this input.
    static func isValid(
        hmac text: String, of item: OperationInput, key: TransitKey, algorithm: HashAlgorithm
    ) throws(CofferError) -> Bool {
        let input = try item.required("input", else: "missing input")
        let (number, code) = try VersionedText.read(text, "HMAC")
        let version = try key.version(reading: number, what: "HMAC")
        return constantTimeEqual(algorithm.hmac(input, key: version.hmacKey), code)
    }

    private func hash(_ pattern: PathPattern) -> EnginePath {
        EnginePath(
            pattern, "Hashes, without a key.",
            fields: [
                Field("input", .string, "Base64."), Self.algorithmField,
                Field("format", .string, default: "hex", "hex or base64."),
            ]
        )
        .updating("Hash.", changesNothing: true) { request in
            let input = try OperationInput(request.fields).required("input", else: "missing input to hash")
            let algorithm = try Self.algorithm(request)
            let sum =
                input.count > Batching.bytesOnLoopMax
                ? try await WorkThreads.shared.run { algorithm.digest(input) } : algorithm.digest(input)
            return .data(["sum": .string(try Self.text(sum, request.fields.text("format")))])
        }
    }

    private static let randomBytesMax = 128 << 10

    private func random(_ pattern: PathPattern) -> EnginePath {
        EnginePath(
            pattern, "Random bytes.",
            fields: [
                Field("bytes", .int, default: 32, "How many; 131072 at most."),
                Field("format", .string, default: "base64", "hex or base64."),
            ]
        )
        .updating("Make random bytes.", changesNothing: true) { [randomness] request in
            let source = request.captures["source"]
            var count = request.fields.number("bytes")
            let inPath = request.captures["urlbytes"]
            if source.isEmpty, ["platform", "seal", "all"].contains(inPath) {
                // The path contains only the source.
            } else if !inPath.isEmpty {
                guard let number = Int(inPath) else {
                    throw CofferError.invalid("error parsing url-set byte count")
                }
                count = number
            }
            guard ["", "platform", "seal", "all"].contains(source) else {
                throw CofferError.invalid("unsupported entropy source")
            }
            guard count >= 1 else { throw CofferError.invalid("\"bytes\" cannot be less than 1") }
            guard count <= Self.randomBytesMax else {
                throw CofferError.invalid("\"bytes\" should be less than \(Self.randomBytesMax)")
            }
            let text = try Self.text(randomness.bytes(count), request.fields.text("format"))
            return .data(["random_bytes": .string(text)])
        }
    }

    private static func text(_ bytes: [UInt8], _ format: String) throws(CofferError) -> String {
        switch format {
        case "base64": return Base64.encode(bytes)
        case "hex": return Hex.encode(bytes)
        default: throw .invalid("unsupported encoding format; must be \"hex\" or \"base64\"")
        }
    }
}
