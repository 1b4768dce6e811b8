@testable import KVEngine

/// The settings of a KV mount. The room's type `KVEngine` hides the room's name, and other rooms have a `MountSettings` too.
typealias KVMountSettings = MountSettings
