/// The server's configuration of audit devices.
package struct AuditSettings: Sendable {
    /// Absolute paths of directories. Audit files must be below one of them; without any there can be no file devices.
    package var allowedDirectories: [String]
    /// The id of this node, which the header of each segment contains.
    package var nodeID: String
    /// The number of audit devices.
    package var devicesMax: Int
    /// How long writing to a pipe or to syslog may block before the write fails.
    package var streamTimeoutMilliseconds: Int32

    /// Creates settings.
    package init(
        allowedDirectories: [String], nodeID: String, devicesMax: Int = 16, streamTimeoutMilliseconds: Int32 = 1_000
    ) {
        self.allowedDirectories = allowedDirectories
        self.nodeID = nodeID
        self.devicesMax = devicesMax
        self.streamTimeoutMilliseconds = streamTimeoutMilliseconds
    }
}
