import CLDAP
import Glibc
import Syntax

/// A session of libldap with one server, whose calls block. One thread uses it.
final class LDAPSession: DirectorySession {
    /// The session of libldap; nil after the connection was lost or closed, so that libldap, which would open another connection
    /// without TLS and without a check of the address, is not asked again.
    private var handle: OpaquePointer?
    private let target: DirectoryTarget
    private let files = DirectoryFiles()

    private static let messageBytesMax: ber_len_t = 1 << 20
    private static let answerBytesMax = 4 << 20
    /// Entries and references that are read for one search, at most.
    private static let messagesMax = 20_000

    /// Takes over a connected socket and makes it a session, with TLS if the target has it.
    init(_ descriptor: Int32, _ server: DirectoryServer, target: DirectoryTarget) throws(DirectoryError) {
        self.target = target
        guard ldap_init_fd(descriptor, LDAP_PROTO_TCP, server.url, &handle) == LDAP_SUCCESS, let handle else {
            Glibc.close(descriptor)
            throw .unreachable("no session with the directory can be made")
        }
        do throws(DirectoryError) {
            try configure(handle)
            if server.isEncrypted || target.startsTLS { try encrypt(handle, server) }
            // Whatever happens to this connection, no other one is opened in its place.
            guard ldap_set_option(handle, LDAP_OPT_URI, "ldapi://%2Fdev%2Fnull") == LDAP_OPT_SUCCESS else {
                throw .unreachable("no session with the directory can be made")
            }
        } catch {
            close()
            throw error
        }
    }

    deinit { close() }

    /// Ends the session. It may be called again.
    func close() {
        if let handle { ldap_unbind_ext(handle, nil, nil) }
        handle = nil
    }

    /// Sets every option that matters here. What ldap.conf and the environment say has no effect on them.
    private func configure(_ handle: OpaquePointer) throws(DirectoryError) {
        let derefs: [DirectoryTarget.Dereferencing: Int32] = [
            .never: LDAP_DEREF_NEVER, .searching: LDAP_DEREF_SEARCHING, .finding: LDAP_DEREF_FINDING, .always: LDAP_DEREF_ALWAYS,
        ]
        let outcomes = [
            coffer_ldap_set_int(handle, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3), coffer_ldap_set_off(handle, LDAP_OPT_REFERRALS),
            coffer_ldap_set_off(handle, LDAP_OPT_RESTART),
            coffer_ldap_set_int(handle, LDAP_OPT_DEREF, derefs[target.dereferencing] ?? LDAP_DEREF_NEVER),
            coffer_ldap_set_int(handle, LDAP_OPT_SIZELIMIT, 0),
            coffer_ldap_set_int(handle, LDAP_OPT_TIMELIMIT, Int32(target.requestSecondsMax)),
            coffer_ldap_set_seconds(handle, LDAP_OPT_NETWORK_TIMEOUT, Int32(target.connectSecondsMax)),
            coffer_ldap_set_seconds(handle, LDAP_OPT_TIMEOUT, Int32(target.requestSecondsMax)),
        ]
        guard outcomes.allSatisfy({ $0 == LDAP_OPT_SUCCESS }), coffer_ldap_bound_messages(handle, Self.messageBytesMax) == 0 else {
            throw .unreachable("no session with the directory can be made")
        }
    }

    // MARK: TLS

    private func encrypt(_ handle: OpaquePointer, _ server: DirectoryServer) throws(DirectoryError) {
        let versions: [DirectoryTarget.TLSVersion: Int32] = [.tls12: 0x303, .tls13: 0x304]
        let check = target.isUnverified ? LDAP_OPT_X_TLS_NEVER : LDAP_OPT_X_TLS_DEMAND
        let authorities =
            target.authorities.isEmpty ? try DirectoryFiles.systemAuthorities() : try files.path(holding: target.authorities)
        var outcomes = [
            coffer_ldap_set_int(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, check),
            // A name in the subject is no server name (RFC 6125); a certificate has it among its alternative names.
            coffer_ldap_set_int(handle, LDAP_OPT_X_TLS_REQUIRE_SAN, check),
            coffer_ldap_set_int(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, versions[target.versionMin] ?? 0x303),
            coffer_ldap_set_int(handle, LDAP_OPT_X_TLS_PROTOCOL_MAX, versions[target.versionMax] ?? 0x303),
            ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, authorities),
            // libldap hands nothing that ldap.conf, ~/.ldaprc or a variable names on to a session with a context of its own. Should a
            // version do so, an empty text takes it back: a directory of authorities would be trusted in addition to the file.
            ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTDIR, ""),
            ldap_set_option(handle, LDAP_OPT_X_TLS_CIPHER_SUITE, Self.priorities(target, handle) ?? ""),
        ]
        let (certificate, key) =
            target.certificate.isEmpty
            ? ("", "") : (try files.path(holding: target.certificate), try files.path(holding: target.key))
        outcomes.append(ldap_set_option(handle, LDAP_OPT_X_TLS_CERTFILE, certificate))
        outcomes.append(ldap_set_option(handle, LDAP_OPT_X_TLS_KEYFILE, key))
        outcomes.append(coffer_ldap_set_int(handle, LDAP_OPT_X_TLS_NEWCTX, 0))
        guard outcomes.allSatisfy({ $0 == LDAP_OPT_SUCCESS }) else {
            throw .invalid("the certificates for the directory cannot be used")
        }
        let code = server.isEncrypted ? ldap_install_tls(handle) : ldap_start_tls_s(handle, nil, nil)
        guard code == LDAP_SUCCESS, ldap_tls_inplace(handle) == 1 else {
            throw .unreachable(
                code > 0
                    ? "the directory refuses StartTLS: \(ResultCode.text(code))"
                    : "no TLS connection with the directory; its certificate may be for another host or of another authority"
            )
        }
    }

    /// Returns the versions of TLS as GnuTLS takes them, whose part of libldap knows no highest version; nil with OpenSSL.
    private static func priorities(_ target: DirectoryTarget, _ handle: OpaquePointer) -> String? {
        var package: UnsafeMutablePointer<CChar>?
        guard ldap_get_option(handle, LDAP_OPT_X_TLS_PACKAGE, &package) == LDAP_OPT_SUCCESS, let package else { return nil }
        defer { ldap_memfree(package) }
        guard String(cString: package) == "GnuTLS" else { return nil }
        let old = target.versionMin == .tls12 ? ":+VERS-TLS1.2" : ""
        return "NORMAL:-VERS-ALL" + old + (target.versionMax == .tls13 ? ":+VERS-TLS1.3" : "")
    }

    // MARK: Binds

    func bind(_ name: String, password: String) throws(DirectoryError) {
        guard !password.isEmpty else { throw .invalid("a bind with an empty password proves nothing") }
        guard !name.isEmpty else { throw .invalid("a bind without a name proves nothing") }
        try simpleBind(name, password)
    }

    func bindAnonymously() throws(DirectoryError) { try simpleBind("", "") }

    private func simpleBind(_ name: String, _ password: String) throws(DirectoryError) {
        guard let handle else { throw Self.lost }
        guard !name.utf8.contains(0) else { throw .invalid("a name holds a zero byte") }
        var bytes = password.utf8.map { CChar(bitPattern: $0) }
        let code = bytes.withUnsafeMutableBufferPointer { buffer in
            var credentials = berval(bv_len: ber_len_t(buffer.count), bv_val: buffer.baseAddress)
            defer { if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) } }
            return ldap_sasl_bind_s(handle, name, nil, &credentials, nil, nil, nil)
        }
        try check(code)
    }

    /// Throws unless the code is success. A negative code is an error of libldap's own, after which the session is not used.
    private func check(_ code: Int32) throws(DirectoryError) {
        guard code != LDAP_SUCCESS else { return }
        guard code < 0 else { throw .refused(code) }
        if code == LDAP_FILTER_ERROR { throw .invalid("a search filter is malformed") }
        close()
        throw code == LDAP_TIMEOUT ? .unreachable("the directory did not answer in time") : Self.lost
    }

    private static var lost: DirectoryError { .unreachable("the connection with the directory was lost") }

    // MARK: Searches

    func search(_ search: DirectorySearch) throws(DirectoryError) -> [DirectoryEntry] {
        guard let handle else { throw Self.lost }
        guard ![search.base, search.filter].contains(where: { $0.utf8.contains(0) }) else {
            throw .invalid("a name or a filter holds a zero byte")
        }
        var found = Found(entriesMax: search.entriesMax)
        var cookie: UnsafeMutablePointer<berval>?
        defer { if cookie != nil { ber_bvfree(cookie) } }
        repeat {
            let page = target.pageSize > 0 && search.scope == .subtree ? try control(handle, cookie) : nil
            defer { if let page { ldap_control_free(page) } }
            let number = try send(search, page, over: handle)
            let answered = try collect(number, search.attributes, into: &found, over: handle)
            if cookie != nil { ber_bvfree(cookie) }
            cookie = answered
        } while cookie.map { $0.pointee.bv_len > 0 } ?? false
        return found.entries
    }

    private struct Found {
        let entriesMax: Int
        var entries: [DirectoryEntry] = []
        var messages = 0
        var bytes = 0
    }

    private func control(
        _ handle: OpaquePointer, _ cookie: UnsafeMutablePointer<berval>?
    ) throws(DirectoryError) -> UnsafeMutablePointer<LDAPControl> {
        var made: UnsafeMutablePointer<LDAPControl>?
        try check(ldap_create_page_control(handle, ber_int_t(target.pageSize), cookie, 0, &made))
        guard let made else { throw Self.lost }
        return made
    }

    private func send(
        _ search: DirectorySearch, _ page: UnsafeMutablePointer<LDAPControl>?, over handle: OpaquePointer
    ) throws(DirectoryError) -> Int32 {
        var number: Int32 = 0
        // Attribute 1.1 asks for none (RFC 4511, section 4.5.1.8).
        var names = (search.attributes.isEmpty ? ["1.1"] : search.attributes).map { strdup($0) } + [nil]
        defer { for name in names { free(name) } }
        // Without a page the list is empty.
        var controls = [page, nil]
        var time = timeval(tv_sec: target.requestSecondsMax, tv_usec: 0)
        let scope = search.scope == .base ? Int32(LDAP_SCOPE_BASE) : Int32(LDAP_SCOPE_SUBTREE)
        // Pages are counted here; a size limit would end the search at its first pages.
        let sizeMax = page == nil ? Int32(clamping: search.entriesMax) : 0
        try check(
            ldap_search_ext(
                handle, search.base, scope, search.filter, &names, 0, &controls, nil, &time, sizeMax, &number))
        return number
    }

    /// Reads the answers to one request. Returns the cookie of the next page, or nil if there are no pages.
    private func collect(
        _ number: Int32, _ attributes: [String], into found: inout Found, over handle: OpaquePointer
    ) throws(DirectoryError) -> UnsafeMutablePointer<berval>? {
        while true {
            var time = timeval(tv_sec: target.requestSecondsMax, tv_usec: 0)
            var message: OpaquePointer?
            let kind = ldap_result(handle, number, LDAP_MSG_ONE, &time, &message)
            defer { if let message { ldap_msgfree(message) } }
            guard kind > 0, let message else {
                close()
                throw kind == 0 ? .unreachable("the directory did not answer in time") : Self.lost
            }
            found.messages += 1
            guard found.messages <= Self.messagesMax else { throw giveUp() }
            switch ber_tag_t(kind) {
            case LDAP_RES_SEARCH_ENTRY:
                let entry = try Self.entry(message, attributes, over: handle)
                found.entries.append(entry)
                found.bytes += entry.name.utf8.count
                for (_, values) in entry.attributes { for value in values { found.bytes += value.utf8.count } }
                guard found.entries.count <= found.entriesMax, found.bytes <= Self.answerBytesMax else { throw giveUp() }
            case LDAP_RES_SEARCH_RESULT: return try end(message, handle)
            default: break  // A reference to another server, which is not followed.
            }
        }
    }

    /// Closes the session, whose further answers are not wanted.
    private func giveUp() -> DirectoryError {
        close()
        return .tooLarge
    }

    private func end(_ message: OpaquePointer, _ handle: OpaquePointer) throws(DirectoryError) -> UnsafeMutablePointer<berval>? {
        var code: Int32 = 0
        var controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
        try check(ldap_parse_result(handle, message, &code, nil, nil, nil, &controls, 0))
        defer { if let controls { ldap_controls_free(controls) } }
        if code == ResultCode.sizeLimitExceeded { throw .tooLarge }
        try check(code)
        guard let page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, nil) else { return nil }
        var cookie = berval()
        var count: ber_int_t = 0
        guard ldap_parse_pageresponse_control(handle, page, &count, &cookie) == LDAP_SUCCESS else { return nil }
        defer { ber_memfree(cookie.bv_val) }
        return ber_bvdup(&cookie)
    }

    private static func entry(
        _ message: OpaquePointer, _ attributes: [String], over handle: OpaquePointer
    ) throws(DirectoryError) -> DirectoryEntry {
        guard let name = ldap_get_dn(handle, message) else { throw lost }
        defer { ldap_memfree(name) }
        guard let text = String(validatingCString: name) else { throw .invalid("the directory sent a name that is not UTF-8") }
        var entry = DirectoryEntry(name: text)
        for attribute in attributes {
            guard let values = ldap_get_values_len(handle, message, attribute) else { continue }
            defer { ldap_value_free_len(values) }
            let count = Int(ldap_count_values_len(values))
            entry.attributes[attribute.lowercased()] = (0..<count).compactMap { index in
                guard let value = values[index]?.pointee, let bytes = value.bv_val else { return nil }
                return UnsafeBufferPointer(start: bytes, count: Int(value.bv_len)).withMemoryRebound(to: UInt8.self) {
                    String(validating: $0, as: UTF8.self)
                }
            }
        }
        return entry
    }
}
