internal import ArgumentParser

/// The flags that every command speaking to a server takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Address of the server (COFFER_ADDR, VAULT_ADDR). (default: https://127.0.0.1:8200)", valueName: "url"))
    var address: String?

    @Option(
        name: .customLong("ca-cert"),
        help: ArgumentHelp("PEM file of certificate authorities (COFFER_CACERT, VAULT_CACERT).", valueName: "file"))
    var caCert: String?

    @Option(
        name: .customLong("ca-path"),
        help: ArgumentHelp("Directory of such files (COFFER_CAPATH, VAULT_CAPATH).", valueName: "directory"))
    var caPath: String?

    @Option(help: ArgumentHelp("PEM file of the client's certificate (COFFER_CLIENT_CERT, VAULT_CLIENT_CERT).", valueName: "file"))
    var clientCert: String?

    @Option(help: ArgumentHelp("PEM file of its private key (COFFER_CLIENT_KEY, VAULT_CLIENT_KEY).", valueName: "file"))
    var clientKey: String?

    @Option(
        name: .customLong("tls-server-name"),
        help: ArgumentHelp(
            "Name to expect in the server's certificate (COFFER_TLS_SERVER_NAME, VAULT_TLS_SERVER_NAME).", valueName: "name"))
    var tlsServerName: String?

    @Flag(
        name: .customLong("tls-skip-verify"),
        help: "Accept any certificate: only for trying things out (COFFER_SKIP_VERIFY, VAULT_SKIP_VERIFY).")
    var tlsSkipVerify = false

    @Option(
        name: [.customLong("namespace"), .customLong("ns")],
        help: ArgumentHelp("Namespace of the request (COFFER_NAMESPACE, VAULT_NAMESPACE).", valueName: "path"))
    var namespace: String?

    @Option(help: ArgumentHelp("Send a further header, key=value; may be repeated.", valueName: "key=value"))
    var header: [String] = []

    @Option(
        name: .customLong("wrap-ttl"),
        help: ArgumentHelp(
            "Wrap the answer in a token that lives this long (COFFER_WRAP_TTL, VAULT_WRAP_TTL).", valueName: "duration")
    )
    var wrapTTL: String?

    @Option(
        help: ArgumentHelp("Print a table, json, yaml or raw (COFFER_FORMAT, VAULT_FORMAT). (default: table)", valueName: "format"))
    var format: String?

    @Flag(help: "Print the request as a curl command in place of sending it.")
    var outputCurlString = false

    @Flag(help: "Print the policy that the request needs in place of sending it.")
    var outputPolicy = false

    @Flag(help: "Never ask for anything on the terminal.")
    var nonInteractive = false

    @Option(help: ArgumentHelp("Address of an agent to speak to in place of the server.", valueName: "url", visibility: .hidden))
    var agentAddress: String?

    @Option(help: ArgumentHelp("An MFA credential to send; may be repeated.", valueName: "text", visibility: .hidden))
    var mfa: [String] = []

    @Flag(help: ArgumentHelp("Follow no redirect.", visibility: .hidden)) var disableRedirects = false

    @Flag(help: ArgumentHelp("Ask for soft-mandatory policies to be overridden.", visibility: .hidden)) var policyOverride = false
}
