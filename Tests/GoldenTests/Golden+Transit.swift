import CryptoExtras
import Foundation
@testable import TransitEngine

extension Golden {
    static let ofTransit: [Golden] =
        ["transit-key-aes", "transit-key-derived", "transit-key-ed25519", "transit-key-imported", "transit-key-hmac"].map { name in
            Golden(name) { try required(TransitKey(name: "key", decoding: $0)).encoded() }
        }
        + [
            Golden("transit-settings") { try MountSettings(decoding: $0).encoded },
            Golden("transit-wrapping-key") { [UInt8](try _RSA.Signing.PrivateKey(derRepresentation: $0).derRepresentation) },
        ]
}
