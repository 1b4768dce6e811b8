import Audit
import EngineKit
import Identity
import Logging

/// What this node reports about itself in the log, in `sys/health` and in the seal's status.
extension Core {
    /// Checks the system's clock and the node's connection to the store, and logs changes. The server calls it every second, apart
    /// from the jobs: it never waits for the store, so it also reports a store that does not answer.
    package func watch() {
        services?.clock.checkSystemClock()
        guard let cluster = environment.cluster else { return }
        let isCutOff = !cluster.mayServe
        guard nodeStatus.noteCutOff(isCutOff) else { return }
        if isCutOff {
            logger.error(
                "this node is cut off from the store and answers 503 until it has caught up: check its connection to the database")
        } else {
            logger.notice("this node has caught up with the store and answers again")
        }
    }

    /// Why this node cannot serve writes, or any request, now; nil if it can. `reason` is a constant for programs and `text` an
    /// explanation for people. Both are safe to show to anyone.
    func trouble(of services: Services?) -> (reason: String, text: String)? {
        if let cluster = environment.cluster, !cluster.mayServe {
            let cause = cluster.trouble.map { ": \($0)" } ?? ""
            return ("cut_off", "this node is cut off from the store and serves again once it has caught up\(cause)")
        }
        if nodeStatus.storeRejectsWrites {
            return ("storage", "the store rejects writes; the server's log says why")
        }
        if services?.audit.isBlocked == true {
            return ("audit", "no audit device works, so no request is answered; the server's log says why")
        }
        return nil
    }

    /// What does not work although requests are served. `reason` is a constant for programs and `text` an explanation for people.
    /// Both are safe to show to anyone.
    func degradations(of services: Services) -> [(reason: String, text: String)] {
        var found: [(reason: String, text: String)] = []
        if services.audit.isDegraded {
            found.append(("audit", "an audit device does not work on this node, while others record; the server's log says which"))
        }
        if services.quotas.isDamaged {
            found.append(
                ("rate_limits", "a stored rate limit is damaged and not applied; the server's log says which. Write it again"))
        }
        if !services.identity.mfa.damagedKeys.isEmpty {
            found.append(
                (
                    "mfa",
                    "a stored enforcement of second factors is damaged, so no login is let in; the server's log says which. "
                        + "Write it again"
                ))
        }
        if services.identity.mfa.isOutdated {
            found.append(
                (
                    "mfa",
                    "it could not be read which logins need a second factor, so no login is let in; the server tries again every "
                        + "second"
                ))
        }
        if services.audit.headerRules.isDamaged {
            found.append(("audit_headers", "the list of audited headers is damaged, so no headers are recorded; set them again"))
        }
        return found
    }

    /// Logs that the server is unsealed, and whether an audit device is enabled.
    func logUnsealed(_ services: Services) {
        let devices = services.audit.list().map(\.path)
        logger.info("unsealed", metadata: ["audit_devices": "\(devices.joined(separator: " "))"])
        let isFirst = nodeStatus.takeFirstUnseal()
        guard devices.isEmpty else { return }
        // An operator who has just initialized the server gets a minute to enable one before the warning.
        guard isFirst else { return warnNoAuditDevice() }
        logger.info("no audit device is enabled yet: run `coffer audit enable file file_path=…` with a path below audit_dirs")
        let due = environment.time.now().adding(seconds: Self.auditReminderSeconds)
        auditReminder.withLock { $0 = due }
    }

    private static let auditReminderSeconds = 60

    /// Warns, once, that a server has no audit device a minute after it was initialized.
    func remindToEnableAudit(_ services: Services) {
        let now = environment.time.now()
        let isDue = auditReminder.withLock { due in
            guard let moment = due, moment <= now else { return false }
            due = nil
            return true
        }
        if isDue, services.audit.list().isEmpty { warnNoAuditDevice() }
    }

    private func warnNoAuditDevice() {
        logger.warning(
            "no audit device is enabled, so requests are not recorded: run `coffer audit enable file file_path=…` with a path below audit_dirs"
        )
    }

    /// Reports the audit devices that the configuration disabled, in the log and to the devices that are left.
    func reportDisabled(_ disabled: [AuditDeviceConfiguration], to audit: AuditTrail) async {
        for device in disabled {
            logger.warning(
                "disabled an audit device because audit_disable_on_start names it; remove the setting before the next start",
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
