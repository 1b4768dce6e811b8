// Fuzz TARGET [libFuzzer options and corpus folders]
//
// Built only by scripts/run-fuzzers, with `-sanitize=fuzzer,address`. A target takes any bytes; what it must never do
// is trap, and each checks a property besides.
import Glibc

typealias FuzzTarget = (UnsafeRawBufferPointer) -> Void

let targets: [String: FuzzTarget] = [
    "json": fuzzJSON, "policy": fuzzPolicy, "path": fuzzPath, "audit": fuzzAuditVerifier, "envelope": fuzzEnvelope,
    "backup": fuzzBackup, "import": fuzzImport, "der": fuzzDER, "capability": fuzzCapability, "dotenv": fuzzDotEnv,
    "duration": fuzzDuration, "hcl": fuzzHCL, "rules": fuzzRules, "base64": fuzzBase64, "fields": fuzzFields, "kv": fuzzKV,
    "oauth": fuzzOAuth, "postgres-url": fuzzPostgresURL, "redis-rules": fuzzRedisRules, "database-texts": fuzzDatabaseTexts,
    "jose": fuzzJOSE, "revocation": fuzzRevocation, "credentials": fuzzCredentials, "form": fuzzForm,
]

nonisolated(unsafe) var chosen: FuzzTarget = { _ in }  // set once, before libFuzzer starts its single thread

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ length: Int) -> CInt {
    chosen(UnsafeRawBufferPointer(start: bytes, count: length))
    return 0
}

guard CommandLine.arguments.count > 1, let target = targets[CommandLine.arguments[1]] else {
    print("usage: Fuzz (\(targets.keys.sorted().joined(separator: " | "))) [libFuzzer options]")
    exit(2)
}
chosen = target
var count = CommandLine.argc - 1
var arguments = CommandLine.unsafeArgv
arguments[1] = arguments[0]
arguments += 1
exit(runDriver(&count, &arguments, testOneInput))
