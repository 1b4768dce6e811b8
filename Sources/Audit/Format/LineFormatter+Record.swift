import EngineKit
import Syntax

extension LineFormatter {
    /// The length of an error message that is written.
    private static let errorBytesMax = 1_024

    /// Appends the content of an entry's lines. In a line, the content is between the segment id and `prev`.
    mutating func append(_ entry: AuditEntry) {
        appendHead(entry.record.kind, at: entry.record.time)
        let start = output.count
        appendRequest(of: entry)
        let shared = start..<output.count
        if entry.record.kind == .response, entry.record.response != nil { appendResponse(entry.record.response, of: entry) }
        if let error = entry.record.error { appendMember(",\"error\":", clear: Self.shortened(error)) }
        ends.append(output.count)
        if entry.answer != nil { appendAnswer(of: entry, shared) }
    }

    /// Appends the line of a response. Its caller and request are copied from the line of the request.
    private mutating func appendAnswer(of entry: AuditEntry, _ shared: Range<Int>) {
        guard let time = entry.answer?.time else { return }
        appendHead(.response, at: time)
        output.repeat(shared)
        if entry.answer?.response != nil { appendResponse(entry.answer?.response, of: entry) }
        if let error = entry.answer?.error { appendMember(",\"error\":", clear: Self.shortened(error)) }
        ends.append(output.count)
    }

    /// Appends the members that every line begins with.
    private mutating func appendHead(_ kind: AuditRecord.Kind, at time: Timestamp) {
        appendMember("\"time\":", time: time)
        switch kind {
        case .request: output.append(",\"type\":\"request\"" as StaticString)
        case .response: output.append(",\"type\":\"response\"" as StaticString)
        }
    }

    private static func shortened(_ error: String) -> String {
        error.utf8.count <= errorBytesMax ? error : String(error.unicodeScalars.prefix(errorBytesMax / 4)) + "…"
    }

    /// Appends an authentication.
    private mutating func appendMember(_ name: StaticString, _ auth: AuditAuth, clientToken: String?) {
        output.append(name)
        let start = output.count
        appendMember(",\"client_token\":", secret: clientToken)
        appendMember(",\"accessor\":", accessor: auth.accessor)
        appendMember(",\"display_name\":", clear: auth.displayName)
        appendMember(",\"policies\":", list: auth.policies)
        appendMember(",\"token_policies\":", list: auth.tokenPolicies)
        appendMember(",\"identity_policies\":", list: auth.identityPolicies)
        appendMetadata(auth.metadata)
        appendMember(",\"entity_id\":", clear: auth.entityID)
        appendMember(",\"token_type\":", clear: auth.tokenType)
        appendMember(",\"inline_kind\":", clear: auth.inlineKind)
        appendMember(",\"inline_name\":", secret: auth.inlineName)
        appendMember(",\"login_request_id\":", clear: auth.loginRequestID)
        appendMember(",\"token_ttl\":", number: auth.tokenTTLSeconds)
        appendMember(",\"token_issue_time\":", time: auth.tokenIssueTime)
        appendPolicyResults(auth)
        if output.count == start { appendComma() }
        output[start] = UInt8(ascii: "{")  // Replaces the comma of the first member.
        output.append(UInt8(ascii: "}"))
    }

    private mutating func appendMetadata(_ metadata: [String: String]) {
        guard !metadata.isEmpty else { return }
        output.append(",\"metadata\":{" as StaticString)
        for (index, entry) in metadata.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { appendComma() }
            appendText(entry.key)
            output.append(UInt8(ascii: ":"))
            appendText(entry.value)
        }
        output.append(UInt8(ascii: "}"))
    }

    private mutating func appendPolicyResults(_ auth: AuditAuth) {
        guard let isAllowed = auth.isAllowed else { return }
        output.append(",\"policy_results\":{\"allowed\":" as StaticString)
        output.append(isAllowed ? "true" : "false" as StaticString)
        if !auth.grantingPolicies.isEmpty {
            output.append(",\"granting_policies\":[" as StaticString)
            for (index, policy) in auth.grantingPolicies.enumerated() {
                if index > 0 { appendComma() }
                appendMember("{\"name\":", clear: policy.name)
                output.append(",\"namespace_id\":\"root\"" as StaticString)
                appendMember(",\"type\":", clear: policy.type)
                output.append(UInt8(ascii: "}"))
            }
            output.append(UInt8(ascii: "]"))
        }
        output.append(UInt8(ascii: "}"))
    }

    /// Appends the caller and the request.
    private mutating func appendRequest(of entry: AuditEntry) {
        let (identity, mount) = (entry.record.identity, entry.record.mount)
        let known = identity.flatMap { kept($0) } ?? format(identity, entry)
        output.append(contentsOf: known.auth)
        appendMember(",\"request\":{\"id\":", clear: entry.record.request.id)
        appendMember(",\"operation\":", clear: entry.record.request.operation)
        if let mount { output.append(contentsOf: mount.text) }
        output.append(contentsOf: known.token)
        output.append(",\"namespace\":{\"id\":\"root\"},\"path\":" as StaticString)
        appendPath(entry.record.request.path)
        if let data = entry.record.request.data { appendData(data, clearKeys: mount?.clearRequestKeys ?? [], elidesLists: false) }
        if let body = entry.record.request.rawBody { appendRaw(body) }
        appendMember(",\"remote_address\":", clear: entry.record.request.remoteAddress)
        appendMember(",\"remote_port\":", number: entry.record.request.remotePort)
        appendMember(",\"wrap_ttl\":", number: entry.record.request.wrapTTLSeconds)
        if !entry.record.request.headers.isEmpty { appendHeaders(entry.record.request.headers) }
        output.append(UInt8(ascii: "}"))
    }

    /// Formats the caller, and keeps the result for the next request of the same identity.
    private mutating func format(_ identity: AuditIdentity?, _ entry: AuditEntry) -> KnownIdentity {
        let start = output.count
        let clientToken = entry.record.request.clientToken
        if let auth = identity?.auth { appendMember(",\"auth\":", auth, clientToken: auth.clientToken ?? clientToken) }
        let middle = output.count
        appendMember(",\"client_token\":", secret: clientToken)
        appendMember(",\"client_token_accessor\":", accessor: entry.record.request.clientTokenAccessor)
        let known = KnownIdentity(
            number: identity?.number ?? 0, auth: Array(output[start..<middle]), token: Array(output[middle...]))
        output.removeSubrange(start...)
        keep(known)
        return known
    }

    /// Appends a path. A segment that contains a token is hashed, so that a token that a caller put into a path is not readable
    /// in the trail.
    private mutating func appendPath(_ path: String) {
        guard TokenText.occurs(in: path) else { return appendText(path) }
        output.append(UInt8(ascii: "\""))
        for (index, segment) in path.splitUTF8(at: "/", omittingEmpty: false).enumerated() {
            if index > 0 { output.append(UInt8(ascii: "/")) }
            let start = output.count
            let text = String(segment)
            if TokenText.occurs(in: text) { appendHMAC(of: text) } else { appendText(text) }
            output.remove(at: start)
            output.removeLast()
        }
        output.append(UInt8(ascii: "\""))
    }

    private mutating func appendHeaders(_ headers: [AuditRequest.Header]) {
        guard !headers.isEmpty else { return }
        output.append(",\"headers\":{" as StaticString)
        for (index, header) in headers.enumerated() {
            if index > 0 { appendComma() }
            appendText(header.name)
            output.append(":[" as StaticString)
            for (index, value) in header.values.enumerated() {
                if index > 0 { appendComma() }
                if header.isClear { appendText(value) } else { appendHMAC(of: value) }
            }
            output.append(UInt8(ascii: "]"))
        }
        output.append(UInt8(ascii: "}"))
    }

    /// Appends a response.
    private mutating func appendResponse(_ response: AuditResponse?, of entry: AuditEntry) {
        guard let response else { return }
        let mount = entry.record.mount
        appendMember(",\"response\":{\"status_code\":", number: response.statusCode)
        if let mount { output.append(contentsOf: mount.text) }
        if let auth = response.issued?.auth { appendMember(",\"auth\":", auth, clientToken: auth.clientToken) }
        if let lease = response.leaseID {
            appendMember(",\"secret\":{\"lease_id\":", clear: lease)
            output.append(UInt8(ascii: "}"))
        }
        if let data = response.data {
            appendData(
                data, clearKeys: mount?.clearResponseKeys ?? [],
                elidesLists: options.elidesLists && entry.record.request.operation == "list")
        }
        if let body = response.rawBody { appendRaw(body) }
        if let wrap = response.wrapInfo { append(wrap) }
        if response.warningsCount > 0 { appendMember(",\"warnings_count\":", number: response.warningsCount) }
        output.append(UInt8(ascii: "}"))
    }

    /// Appends the HMAC of a body that is not JSON and what else is known of it.
    private mutating func appendRaw(_ body: AuditRawBody) {
        if let bytes = body.bytes {
            output.append(",\"raw_body\":" as StaticString)
            bytes.withUnsafeBytes { appendHMAC(of: $0) }
        } else {
            output.append(",\"raw_body_streamed\":true" as StaticString)
        }
        appendMember(",\"raw_body_bytes\":", number: body.length)
        if !body.contentType.isEmpty { appendMember(",\"content_type\":", clear: body.contentType) }
    }

    private mutating func append(_ wrap: AuditResponse.WrapInfo) {
        appendMember(",\"wrap_info\":{\"ttl\":", number: wrap.ttlSeconds)
        appendMember(",\"token\":", secret: wrap.token)
        appendMember(",\"accessor\":", accessor: wrap.accessor)
        appendMember(",\"creation_time\":", time: wrap.creationTime)
        output.append(",\"creation_path\":" as StaticString)
        appendPath(wrap.creationPath)
        appendMember(",\"wrapped_accessor\":", accessor: wrap.wrappedAccessor)
        output.append(UInt8(ascii: "}"))
    }
}
