import Glibc

/// A file below one of the configured directories, to which lines are only appended.
struct FileDevice: AuditDevice {
    let path: String
    /// The permissions of the file.
    let mode: UInt16
    let allowedDirectories: [String]
    /// Whether the file must have no lines when it is first opened: another device's lines are not the beginning of this chain,
    /// and are left unchanged.
    private var mustBeEmpty: Bool
    var descriptor: Int32 = -1
    private var writeBack: WriteBack?

    init(path: String, mode: UInt16, allowedDirectories: [String], mustBeEmpty: Bool = false) {
        self.path = path
        self.mustBeEmpty = mustBeEmpty
        self.mode = mode
        self.allowedDirectories = allowedDirectories
    }

    var isRecording: Bool { true }

    mutating func open() throws(AuditDeviceError) -> DeviceContents {
        // The new file is opened before the old one is closed, so that a failed rotation does not end the trail.
        let opened = try openFile()
        do throws(AuditDeviceError) {
            // The same file opened again is still locked by this device.
            if isSame(opened) { flock(descriptor, LOCK_UN) }
            if mustBeEmpty { try checkEmpty(opened) }
            try claim(opened)
            let contents = try FileTail.read(opened, path: path)
            close()
            mustBeEmpty = false
            descriptor = opened
            writeBack = WriteBack(of: opened, end: Int(clamping: fileBytes()))
            return contents
        } catch {
            _ = Glibc.close(opened)
            throw error
        }
    }

    /// Whether another descriptor is open on the same file.
    private func isSame(_ other: Int32) -> Bool {
        var (mine, theirs) = (stat(), stat())
        guard descriptor >= 0, fstat(descriptor, &mine) == 0, fstat(other, &theirs) == 0 else { return false }
        return mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(AuditDeviceError) {
        guard descriptor >= 0 else { throw failure("write", EBADF, isClean: false) }
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)  // Not empty, so not nil.
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let number = count < 0 ? errno : EIO
                throw failure("write", number, isClean: removeLast(written))
            }
            written += count
        }
        // Earlier lines may be lost. Opening the file again and reading its end shows it.
        if let number = writeBack?.wrote(written), number != 0 { throw failure("sync", number, isClean: false) }
    }

    /// Removes the incomplete piece of a failed write. It is at the end, because nobody else writes to the file.
    private func removeLast(_ count: Int) -> Bool {
        guard count > 0 else { return true }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size >= count else { return false }
        while ftruncate(descriptor, status.st_size - count) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }

    mutating func removeAll() {
        guard descriptor >= 0 else { return }
        while ftruncate(descriptor, 0) != 0, errno == EINTR {}
    }

    func fileBytes() -> UInt64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? UInt64(status.st_size) : 0
    }

    func line(endingAt offset: UInt64) -> [UInt8]? { FileTail.line(descriptor, endingAt: offset) }

    mutating func close() {
        if descriptor >= 0 {
            flock(descriptor, LOCK_UN)  // The duplicate that is still being synced would keep the lock.
            _ = Glibc.close(descriptor)
        }
        descriptor = -1
        writeBack?.finish()
        writeBack = nil
    }

    /// Returns the error for a failed operation.
    func failure(_ verb: String, _ number: Int32, isClean: Bool = true) -> AuditDeviceError {
        AuditDeviceError(reason: "\(verb) \(path): \(SystemError.text(number))", isClean: isClean)
    }

    /// Returns the error for a file that must not be used.
    func refusal(_ reason: String) -> AuditDeviceError { AuditDeviceError(reason: "\(path): \(reason)", isClean: true) }
}
