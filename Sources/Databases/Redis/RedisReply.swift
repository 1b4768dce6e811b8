import CHiredis
import Syntax

/// An answer of Redis.
enum RedisReply: Sendable, Hashable {
    case text([UInt8])
    case number(Int)
    case list([RedisReply])
    case none
    /// An error. Only its kind is kept, such as `NOAUTH`, because the rest repeats what was sent.
    case error(kind: String)

    private static let depthMax = 8

    init(_ reply: UnsafePointer<redisReply>, depth: Int = 0) {
        let value = reply.pointee
        switch value.type {
        case REDIS_REPLY_INTEGER: self = .number(Int(value.integer))
        case REDIS_REPLY_NIL: self = .none
        case REDIS_REPLY_ERROR:
            let word = Self.bytes(value).prefix(while: \.isASCIIUppercase).prefix(20)
            self = .error(kind: String(decoding: word, as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            guard depth < Self.depthMax else {
                self = .list([])
                return
            }
            self = .list(
                (0..<Int(value.elements)).compactMap { index in
                    value.element[index].map { RedisReply($0, depth: depth + 1) }
                })
        default: self = .text(Self.bytes(value))
        }
    }

    private static func bytes(_ value: redisReply) -> [UInt8] {
        guard let start = value.str else { return [] }
        return UnsafeRawBufferPointer(start: start, count: Int(value.len)).map { $0 }
    }
}
