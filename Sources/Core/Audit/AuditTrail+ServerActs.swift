import Audit
import EngineKit
import Syntax

extension AuditTrail {
    /// Records what an engine did without a request, such as rotating a credential, in the form of a request or a response.
    func record(_ act: ServerAct, on mount: MountEntry, at time: Timestamp) async throws(CofferError) {
        var request = AuditRequest(
            id: act.id, operation: act.operation.rawValue, path: mount.path + act.path, remoteAddress: nil, remotePort: nil)
        request.data = act.data.isEmpty ? nil : .object(act.data)
        var record = AuditRecord(
            kind: .request, time: time, identity: AuditIdentity(AuditAuth(displayName: act.actor)), mount: AuditMount(mount),
            request: request)
        if case .ended(let error) = act.step {
            record.kind = .response
            record.error = error
            record.response = AuditResponse(statusCode: error == nil ? 200 : 0)
        }
        try await self.record(AuditEntry(record))
    }
}
