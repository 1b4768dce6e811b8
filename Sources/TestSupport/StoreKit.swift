// Nearly every test keeps what it stores in a `MemoryStorage`, and imports this room for it.
@_exported public import StoreKit
