/// The product that all rooms belong to. It is here because both the server and the client SDK import this room.
public enum CofferProduct {
    /// The version, `major.minor.patch`. Everything else that shows a version takes it from here.
    public static let version = "0.1.0"
}
