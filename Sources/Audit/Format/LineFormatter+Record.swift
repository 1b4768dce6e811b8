import EngineKit
import Syntax

extension LineFormatter {
    private static let errorBytesMax = 1_024

    /// Appends the contents of an entry's lines, each of which stands between the segment id and `prev` of its line.
    mutating func append(_ entry: AuditEntry) {
        let record = entry.record
        head(record.kind, at: record.time)
        let start = output.count
        if let auth = record.auth { member(",\"auth\":", auth) }
        append(record.request, clearKeys: record.clearRequestKeys)
        let shared = start..<output.count
        if record.kind == .response, let response = record.response { append(response, of: record) }
        if let error = record.error { member(",\"error\":", clear: Self.shortened(error)) }
        ends.append(output.count)
        if let answer = entry.answer { append(answer, to: record, shared) }
    }

    /// Who asked and what is in the request's line already, and copied from there.
    private mutating func append(_ answer: AuditAnswer, to record: AuditRecord, _ shared: Range<Int>) {
        head(.response, at: answer.time)
        output.repeat(shared)
        if let response = answer.response { append(response, of: record) }
        if let error = answer.error { member(",\"error\":", clear: Self.shortened(error)) }
        ends.append(output.count)
    }

    private mutating func head(_ kind: AuditRecord.Kind, at time: Timestamp) {
        member("\"time\":", time: time)
        switch kind {
        case .request: output.append(",\"type\":\"request\"" as StaticString)
        case .response: output.append(",\"type\":\"response\"" as StaticString)
        }
    }

    private mutating func append(_ response: AuditResponse, of record: AuditRecord) {
        let isListing = options.elidesLists && record.request.operation == "list"
        append(response, clearKeys: record.clearResponseKeys, elidesLists: isListing)
    }

    private static func shortened(_ error: String) -> String {
        error.utf8.count <= errorBytesMax ? error : String(error.unicodeScalars.prefix(errorBytesMax / 4)) + "…"
    }

    private mutating func member(_ name: StaticString, _ auth: AuditAuth) {
        output.append(name)
        let start = output.count
        member(",\"client_token\":", secret: auth.clientToken)
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

    private mutating func append(_ request: AuditRequest, clearKeys: [String]) {
        member(",\"request\":{\"id\":", clear: request.id)
        member(",\"operation\":", clear: request.operation)
        member(",\"mount_point\":", clear: request.mountPoint)
        member(",\"mount_type\":", clear: request.mountType)
        member(",\"mount_accessor\":", clear: request.mountAccessor)
        member(",\"mount_class\":", clear: request.mountClass)
        member(",\"client_token\":", secret: request.clientToken)
        member(",\"client_token_accessor\":", accessor: request.clientTokenAccessor)
        output.append(",\"namespace\":{\"id\":\"root\"},\"path\":" as StaticString)
        path(request.path)
        if let data = request.data { self.data(data, clearKeys: clearKeys, elidesLists: false) }
        member(",\"remote_address\":", clear: request.remoteAddress)
        member(",\"remote_port\":", number: request.remotePort)
        member(",\"wrap_ttl\":", number: request.wrapTTLSeconds)
        headers(request.headers)
        output.append(UInt8(ascii: "}"))
    }

    /// A token that somebody put in a path must not become readable through the trail.
    private mutating func path(_ path: String) {
        guard mayHoldToken(path) else { return clear(path) }
        output.append(UInt8(ascii: "\""))
        for (index, segment) in path.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
            if index > 0 { output.append(UInt8(ascii: "/")) }
            let start = output.count
            if looksLikeToken(segment) { hashed(String(segment)) } else { clear(String(segment)) }
            output.remove(at: start)
            output.removeLast()
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Whether any prefix of a token begins a segment; nearly always not, so nothing is split to find out.
    private func mayHoldToken(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { bytes in
            var start = 0
            while start < bytes.count {
                for prefix in tokenPrefixes where bytes[start...].starts(with: prefix) { return true }
                guard let slash = bytes[start...].firstIndex(of: UInt8(ascii: "/")) else { return false }
                start = slash + 1
            }
            return false
        }
    }

    private func looksLikeToken(_ segment: Substring) -> Bool {
        segment.utf8.count >= 20 && tokenPrefixes.contains { segment.utf8.starts(with: $0) }
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

    private mutating func append(_ response: AuditResponse, clearKeys: [String], elidesLists: Bool) {
        member(",\"response\":{\"status_code\":", number: response.statusCode)
        member(",\"mount_point\":", clear: response.mountPoint)
        member(",\"mount_type\":", clear: response.mountType)
        member(",\"mount_accessor\":", clear: response.mountAccessor)
        member(",\"mount_class\":", clear: response.mountClass)
        if let auth = response.auth { member(",\"auth\":", auth) }
        if let lease = response.leaseID {
            member(",\"secret\":{\"lease_id\":", clear: lease)
            output.append(UInt8(ascii: "}"))
        }
        if let data = response.data { self.data(data, clearKeys: clearKeys, elidesLists: elidesLists) }
        if let body = response.rawBody {
            output.append(",\"raw_body\":" as StaticString)
            body.withUnsafeBytes { hashed($0) }
        }
        if let wrap = response.wrapInfo { append(wrap) }
        if response.warningsCount > 0 { member(",\"warnings_count\":", number: response.warningsCount) }
        output.append(UInt8(ascii: "}"))
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
