internal import ArgumentParser

/// The options of all commands that send requests.
struct GlobalOptions: ParsableArguments {
    @Option(help: .init("Address of the server (COFFER_ADDR, VAULT_ADDR). (default: https://127.0.0.1:8200)", valueName: "url"))
    var address: String?

    @Option(help: .init("PEM file of certificate authorities (COFFER_CACERT, VAULT_CACERT).", valueName: "file"))
    var caCert: String?

    @Option(help: .init("Directory of PEM files of certificate authorities (COFFER_CAPATH, VAULT_CAPATH).", valueName: "directory"))
    var caPath: String?

    @Option(help: .init("PEM file of the client's certificate (COFFER_CLIENT_CERT, VAULT_CLIENT_CERT).", valueName: "file"))
    var clientCert: String?

    @Option(help: .init("PEM file of the client's private key (COFFER_CLIENT_KEY, VAULT_CLIENT_KEY).", valueName: "file"))
    var clientKey: String?

    @Option(
        help: .init(
            "Name to expect in the server's certificate (COFFER_TLS_SERVER_NAME, VAULT_TLS_SERVER_NAME).", valueName: "name"))
    var tlsServerName: String?

    @Flag(help: "Accept any server certificate; for experiments only (COFFER_SKIP_VERIFY, VAULT_SKIP_VERIFY).")
    var tlsSkipVerify = false

    @Option(
        name: [.long, .customLong("ns")],
        help: .init(
            "Namespace, sent as X-Vault-Namespace; Coffer accepts only root (COFFER_NAMESPACE, VAULT_NAMESPACE).",
            valueName: "path"))
    var namespace: String?

    @Option(help: .init("Send an additional header, written as key=value; may be repeated.", valueName: "key=value"))
    var header: [String] = []

    @Option(
        help: .init(
            "Wrap the answer in a single-use token with this lifetime (COFFER_WRAP_TTL, VAULT_WRAP_TTL).", valueName: "duration"))
    var wrapTTL: String?

    @Option(help: .init("Print a table, json, yaml or raw (COFFER_FORMAT, VAULT_FORMAT). (default: table)", valueName: "format"))
    var format: String?

    @Flag(help: "Print the request as a curl command instead of sending it.") var outputCurlString = false

    @Flag(help: "Print the policy that the request needs instead of sending it.") var outputPolicy = false

    @Flag(help: "Do not ask for missing values on the terminal.") var nonInteractive = false

    @Option(help: .init("Address of an agent to use instead of the server.", valueName: "url", visibility: .hidden))
    var agentAddress: String?

    @Option(help: .init("Send an MFA credential; may be repeated.", valueName: "text", visibility: .hidden)) var mfa: [String] = []

    @Flag(help: .init("Do not follow redirects.", visibility: .hidden)) var disableRedirects = false

    @Flag(help: .init("Ask for soft-mandatory policies to be overridden.", visibility: .hidden)) var policyOverride = false
}
