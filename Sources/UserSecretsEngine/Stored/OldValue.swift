import Records
import Syntax

/// An earlier value of a secret. Who made it and when is in the secret's record.
struct OldValue: Record {
    var sealed: SealedValue

    init(sealed: SealedValue) { self.sealed = sealed }

    var stored: JSONObject {
        ["key_version": .int(sealed.keyVersion), "value": .string(Base64.encode(sealed.bytes))]
    }

    init?(stored object: JSONObject) {
        guard let keyVersion = object["key_version"]?.countValue,
            let bytes = object["value"]?.stringValue.flatMap({ Base64.decode($0, allowing: []) })
        else { return nil }
        sealed = SealedValue(keyVersion: keyVersion, bytes: bytes)
    }
}
