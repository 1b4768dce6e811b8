/// What the configuration says about audit devices.
package struct AuditSettings: Sendable {
    /// Absolute. Device files lie below one of these and nowhere else; none means no file devices.
    package var allowedDirectories: [String]
    /// Written in each segment's header.
    package var nodeID: String
    package var devicesMax: Int
    /// How long a pipe may take no bytes before it counts as failed.
    package var streamTimeoutMilliseconds: Int32

    package init(
        allowedDirectories: [String], nodeID: String, devicesMax: Int = 16, streamTimeoutMilliseconds: Int32 = 1_000
    ) {
        self.allowedDirectories = allowedDirectories
        self.nodeID = nodeID
        self.devicesMax = devicesMax
        self.streamTimeoutMilliseconds = streamTimeoutMilliseconds
    }
}
