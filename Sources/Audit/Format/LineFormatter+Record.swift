import EngineKit
import Syntax

extension LineFormatter {
    private static let errorBytesMax = 1_024

    /// Appends the contents of an entry's lines, each of which stands between the segment id and `prev` of its line.
    mutating func append(_ entry: AuditEntry) {
        head(entry.record.kind, at: entry.record.time)
        let start = output.count
        request(of: entry)
        let shared = start..<output.count
        if entry.record.kind == .response, entry.record.response != nil { response(entry.record.response, of: entry) }
        if let error = entry.record.error { member(",\"error\":", clear: Self.shortened(error)) }
        ends.append(output.count)
        if entry.answer != nil { answer(of: entry, shared) }
    }

    /// Who asked and what is in the request's line already, and copied from there.
    private mutating func answer(of entry: AuditEntry, _ shared: Range<Int>) {
        guard let time = entry.answer?.time else { return }
        head(.response, at: time)
        output.repeat(shared)
        if entry.answer?.response != nil { response(entry.answer?.response, of: entry) }
        if let error = entry.answer?.error { member(",\"error\":", clear: Self.shortened(error)) }
        ends.append(output.count)
    }

    private mutating func head(_ kind: AuditRecord.Kind, at time: Timestamp) {
        member("\"time\":", time: time)
        switch kind {
        case .request: output.append(",\"type\":\"request\"" as StaticString)
        case .response: output.append(",\"type\":\"response\"" as StaticString)
        }
    }

    private static func shortened(_ error: String) -> String {
        error.utf8.count <= errorBytesMax ? error : String(error.unicodeScalars.prefix(errorBytesMax / 4)) + "…"
    }

    private mutating func member(_ name: StaticString, _ auth: AuditAuth, clientToken: String?) {
        output.append(name)
        let start = output.count
        member(",\"client_token\":", secret: clientToken)
        member(",\"accessor\":", accessor: auth.accessor)
        member(",\"display_name\":", clear: auth.displayName)
        member(",\"policies\":", list: auth.policies)
        member(",\"token_policies\":", list: auth.tokenPolicies)
        member(",\"identity_policies\":", list: auth.identityPolicies)
        metadata(auth.metadata)
        member(",\"entity_id\":", clear: auth.entityID)
        member(",\"token_type\":", clear: auth.tokenType)
        member(",\"inline_kind\":", clear: auth.inlineKind)
        member(",\"inline_name\":", secret: auth.inlineName)
        member(",\"token_ttl\":", number: auth.tokenTTLSeconds)
        member(",\"token_issue_time\":", time: auth.tokenIssueTime)
        policyResults(auth)
        if output.count == start { comma() }
        output[start] = UInt8(ascii: "{")  // In place of the first member's comma.
        output.append(UInt8(ascii: "}"))
    }

    private mutating func metadata(_ metadata: [String: String]) {
        guard !metadata.isEmpty else { return }
        output.append(",\"metadata\":{" as StaticString)
        for (index, entry) in metadata.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { comma() }
            clear(entry.key)
            output.append(UInt8(ascii: ":"))
            clear(entry.value)
        }
        output.append(UInt8(ascii: "}"))
    }

    private mutating func policyResults(_ auth: AuditAuth) {
        guard let isAllowed = auth.isAllowed else { return }
        output.append(",\"policy_results\":{\"allowed\":" as StaticString)
        output.append(isAllowed ? "true" : "false" as StaticString)
        if !auth.grantingPolicies.isEmpty {
            output.append(",\"granting_policies\":[" as StaticString)
            for (index, policy) in auth.grantingPolicies.enumerated() {
                if index > 0 { comma() }
                member("{\"name\":", clear: policy.name)
                output.append(",\"namespace_id\":\"root\"" as StaticString)
                member(",\"type\":", clear: policy.type)
                output.append(UInt8(ascii: "}"))
            }
            output.append(UInt8(ascii: "]"))
        }
        output.append(UInt8(ascii: "}"))
    }

    private mutating func request(of entry: AuditEntry) {
        let (identity, mount) = (entry.record.identity, entry.record.mount)
        let known = identity.flatMap { kept($0) } ?? format(identity, entry)
        output.append(contentsOf: known.auth)
        member(",\"request\":{\"id\":", clear: entry.record.request.id)
        member(",\"operation\":", clear: entry.record.request.operation)
        if let mount { output.append(contentsOf: mount.text) }
        output.append(contentsOf: known.token)
        output.append(",\"namespace\":{\"id\":\"root\"},\"path\":" as StaticString)
        path(entry.record.request.path)
        if let data = entry.record.request.data { self.data(data, clearKeys: mount?.clearRequestKeys ?? [], elidesLists: false) }
        if let body = entry.record.request.rawBody { raw(body) }
        member(",\"remote_address\":", clear: entry.record.request.remoteAddress)
        member(",\"remote_port\":", number: entry.record.request.remotePort)
        member(",\"wrap_ttl\":", number: entry.record.request.wrapTTLSeconds)
        if !entry.record.request.headers.isEmpty { headers(entry.record.request.headers) }
        output.append(UInt8(ascii: "}"))
    }

    /// Formats who asked, and keeps it for the next request of the same identity.
    private mutating func format(_ identity: AuditIdentity?, _ entry: AuditEntry) -> KnownIdentity {
        let start = output.count
        let clientToken = entry.record.request.clientToken
        if let auth = identity?.auth { member(",\"auth\":", auth, clientToken: auth.clientToken ?? clientToken) }
        let middle = output.count
        member(",\"client_token\":", secret: clientToken)
        member(",\"client_token_accessor\":", accessor: entry.record.request.clientTokenAccessor)
        let known = KnownIdentity(
            number: identity?.number ?? 0, auth: Array(output[start..<middle]), token: Array(output[middle...]))
        output.removeSubrange(start...)
        keep(known)
        return known
    }

    /// A token that somebody put in a path must not become readable through the trail: the segment that it stands in is hashed.
    private mutating func path(_ path: String) {
        guard TokenText.occurs(in: path) else { return clear(path) }
        output.append(UInt8(ascii: "\""))
        for (index, segment) in path.splitUTF8(at: "/", omittingEmpty: false).enumerated() {
            if index > 0 { output.append(UInt8(ascii: "/")) }
            let start = output.count
            let text = String(segment)
            if TokenText.occurs(in: text) { hashed(text) } else { clear(text) }
            output.remove(at: start)
            output.removeLast()
        }
        output.append(UInt8(ascii: "\""))
    }

    private mutating func headers(_ headers: [AuditRequest.Header]) {
        guard !headers.isEmpty else { return }
        output.append(",\"headers\":{" as StaticString)
        for (index, header) in headers.enumerated() {
            if index > 0 { comma() }
            clear(header.name)
            output.append(":[" as StaticString)
            for (index, value) in header.values.enumerated() {
                if index > 0 { comma() }
                if header.isClear { clear(value) } else { hashed(value) }
            }
            output.append(UInt8(ascii: "]"))
        }
        output.append(UInt8(ascii: "}"))
    }

    private mutating func response(_ response: AuditResponse?, of entry: AuditEntry) {
        guard let response else { return }
        let mount = entry.record.mount
        member(",\"response\":{\"status_code\":", number: response.statusCode)
        if let mount { output.append(contentsOf: mount.text) }
        if let auth = response.issued?.auth { member(",\"auth\":", auth, clientToken: auth.clientToken) }
        if let lease = response.leaseID {
            member(",\"secret\":{\"lease_id\":", clear: lease)
            output.append(UInt8(ascii: "}"))
        }
        if let data = response.data {
            self.data(
                data, clearKeys: mount?.clearResponseKeys ?? [],
                elidesLists: options.elidesLists && entry.record.request.operation == "list")
        }
        if let body = response.rawBody { raw(body) }
        if let wrap = response.wrapInfo { append(wrap) }
        if response.warningsCount > 0 { member(",\"warnings_count\":", number: response.warningsCount) }
        output.append(UInt8(ascii: "}"))
    }

    /// Appends the HMAC of a body that is not JSON and what else is known of it.
    private mutating func raw(_ body: AuditRawBody) {
        if let bytes = body.bytes {
            output.append(",\"raw_body\":" as StaticString)
            bytes.withUnsafeBytes { hashed($0) }
        } else {
            output.append(",\"raw_body_streamed\":true" as StaticString)
        }
        member(",\"raw_body_bytes\":", number: body.length)
        if !body.contentType.isEmpty { member(",\"content_type\":", clear: body.contentType) }
    }

    private mutating func append(_ wrap: AuditResponse.WrapInfo) {
        member(",\"wrap_info\":{\"ttl\":", number: wrap.ttlSeconds)
        member(",\"token\":", secret: wrap.token)
        member(",\"accessor\":", accessor: wrap.accessor)
        member(",\"creation_time\":", time: wrap.creationTime)
        output.append(",\"creation_path\":" as StaticString)
        path(wrap.creationPath)
        member(",\"wrapped_accessor\":", accessor: wrap.wrappedAccessor)
        output.append(UInt8(ascii: "}"))
    }
}
