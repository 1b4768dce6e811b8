/// Writes a stored record: numbers are big-endian, and a byte string has its length in front.
struct RecordWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func number(_ value: Int) {
        var value = UInt64(bitPattern: Int64(value)).bigEndian
        withUnsafeBytes(of: &value) { bytes.append(contentsOf: $0) }
    }

    mutating func short(_ value: Int) {
        var value = UInt32(truncatingIfNeeded: value).bigEndian
        withUnsafeBytes(of: &value) { bytes.append(contentsOf: $0) }
    }

    mutating func string(_ value: some Collection<UInt8>) {
        short(value.count)
        bytes.append(contentsOf: value)
    }

    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }
}
