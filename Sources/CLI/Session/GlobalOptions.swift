internal import ArgumentParser

/// The flags that every command speaking to a server takes.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Address of the server (COFFER_ADDR).", valueName: "url"))
    var address: String?

    @Option(
        name: .customLong("ca-cert"), help: ArgumentHelp("PEM file of certificate authorities (COFFER_CACERT).", valueName: "file"))
    var caCert: String?

    @Option(name: .customLong("ca-path"), help: ArgumentHelp("Directory of such files (COFFER_CAPATH).", valueName: "directory"))
    var caPath: String?

    @Option(help: ArgumentHelp("PEM file of the client's certificate (COFFER_CLIENT_CERT).", valueName: "file"))
    var clientCert: String?

    @Option(help: ArgumentHelp("PEM file of its private key (COFFER_CLIENT_KEY).", valueName: "file"))
    var clientKey: String?

    @Option(
        name: .customLong("tls-server-name"), help: ArgumentHelp("Name to expect in the server's certificate.", valueName: "name"))
    var tlsServerName: String?

    @Flag(name: .customLong("tls-skip-verify"), help: "Accept any certificate: only for trying things out.")
    var tlsSkipVerify = false

    @Option(
        name: [.customLong("namespace"), .customLong("ns")],
        help: ArgumentHelp("Namespace of the request (COFFER_NAMESPACE).", valueName: "path"))
    var namespace: String?

    @Option(help: ArgumentHelp("A further header as key=value; may be repeated.", valueName: "key=value"))
    var header: [String] = []

    @Option(
        name: .customLong("wrap-ttl"), help: ArgumentHelp("Wrap the answer in a token that lives this long.", valueName: "duration")
    )
    var wrapTTL: String?

    @Option(help: ArgumentHelp("table, json, yaml or raw (COFFER_FORMAT).", valueName: "format"))
    var format: String?

    @Flag(help: "Print the request as a curl command in place of sending it.")
    var outputCurlString = false

    @Flag(help: "Never ask for anything on the terminal.")
    var nonInteractive = false
}
