import Audit
import EngineKit
import Logging

/// What this node says about itself.
extension Core {
    /// Every second, apart from the jobs: it waits for nothing, so it tells of a store that everything else waits for.
    package func watch() {
        services?.clock.look()
        guard let cluster = environment.cluster else { return }
        let isCutOff = !cluster.mayServe
        guard condition.noteCutOff(isCutOff) else { return }
        if isCutOff {
            logger.error("this node is cut off from the store: it answers 503 until it has caught up")
        } else {
            logger.notice("this node has caught up with the store and answers again")
        }
    }

    /// Why a request that writes, or any at all, cannot succeed here now; nil when it can. One word for programs, the text for
    /// people; neither says anything that a stranger may not know.
    func trouble(of services: Services?) -> (reason: String, text: String)? {
        if let cluster = environment.cluster, !cluster.mayServe {
            let cause = cluster.trouble.map { ": \($0)" } ?? ""
            return ("cut_off", "this node is cut off from the store and serves again when it has caught up\(cause)")
        }
        if condition.refusesWrites {
            return ("storage", "the store rejects writes; the server's log says why")
        }
        if services?.audit.isBlocked == true {
            return ("audit", "no audit device works, so no request is answered; the server's log says why")
        }
        return nil
    }

    /// What does not work although requests are answered: one word for programs, the text for people. Neither says anything that a
    /// stranger may not know.
    func degradations(of services: Services) -> [(reason: String, text: String)] {
        var found: [(reason: String, text: String)] = []
        if services.audit.isDegraded {
            found.append(("audit", "an audit device does not work on this node, others record; the server's log says which"))
        }
        if services.quotas.isDamaged {
            found.append(
                ("rate_limits", "a stored rate limit is damaged and not applied; write it again. The server's log says which"))
        }
        if services.audit.headerRules.isDamaged {
            found.append(("audit_headers", "the list of audited headers is damaged, so none is recorded; set them again"))
        }
        return found
    }

    func tellOpened(_ services: Services) {
        let devices = services.audit.list().map(\.path)
        logger.info("unsealed", metadata: ["audit_devices": "\(devices.joined(separator: " "))"])
        let isFresh = condition.takeFreshness()
        guard devices.isEmpty else { return }
        // Whoever has just initialized the server is about to enable one.
        guard isFresh else { return warnOfNoAudit() }
        logger.info("no audit device is enabled yet: run `coffer audit enable file file_path=…` with a path below audit_dirs")
        let due = environment.time.now().adding(seconds: Self.auditReminderSeconds)
        auditReminder.withLock { $0 = due }
    }

    private static let auditReminderSeconds = 60

    /// Warns, once, of a server that was left without an audit device after it was initialized.
    func remindOfAudit(_ services: Services) {
        let now = environment.time.now()
        let isDue = auditReminder.withLock { due in
            guard let moment = due, moment <= now else { return false }
            due = nil
            return true
        }
        if isDue, services.audit.list().isEmpty { warnOfNoAudit() }
    }

    private func warnOfNoAudit() {
        logger.warning(
            "no audit device is enabled, so requests are not recorded: run `coffer audit enable file file_path=…` with a path below audit_dirs"
        )
    }

    /// Says what the configuration took out of the table of audit devices, in the log and on those that are left.
    func tell(_ disabled: [AuditDeviceConfiguration], _ audit: AuditTrail) async {
        for device in disabled {
            logger.warning(
                "audit_disable_on_start: disabled an audit device; take the setting out again",
                metadata: ["device": "\(device.path)"])
            var act = ServerAct(
                id: environment.randomness.uuid(), actor: "audit_disable_on_start", operation: .delete,
                path: "audit/\(device.path)")
            try? await audit.record(act, on: .system, at: environment.time.now())
            act.step = .ended(error: nil)
            try? await audit.record(act, on: .system, at: environment.time.now())
        }
    }
}
