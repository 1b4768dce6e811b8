internal import CofferClient

/// A request as a curl command, for `-output-curl-string`.
struct CurlText {
    let configuration: ClientConfiguration

    func text(_ request: ClientRequest) -> String {
        var parts = ["curl"]
        if request.method != .get { parts.append("-X \(request.method.rawValue)") }
        let files = [
            ("--cacert", configuration.tls.authorityFile), ("--capath", configuration.tls.authorityDirectory),
            ("--cert", configuration.tls.certificateFile), ("--key", configuration.tls.keyFile),
        ]
        for (flag, path) in files { if let path { parts.append("\(flag) \(ShellText.word(path))") } }
        if configuration.tls.skipVerify { parts.append("--insecure") }
        var url = request.url
        if url.utf8.starts(with: "http+unix://".utf8), let address = try? ServerAddress(configuration.address) {
            parts.append("--unix-socket \(ShellText.word(address.authority))")
            url = "http://localhost/" + url.dropFirst("http+unix://".count).drop { $0 != "/" }.dropFirst()
        }
        for item in request.headers where item.name != "User-Agent" {
            // The token is read by a command, so that it does not appear in the shell's history.
            parts.append(
                item.name == "X-Vault-Token"
                    ? "-H \"X-Vault-Token: $(coffer print token)\"" : "-H \(ShellText.word("\(item.name): \(item.value)"))")
        }
        if let body = request.body { parts.append("-d \(ShellText.word(String(decoding: body, as: UTF8.self)))") }
        parts.append(ShellText.word(url))
        return parts.joined(separator: " ")
    }
}
