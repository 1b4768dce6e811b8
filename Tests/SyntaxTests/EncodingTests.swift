import Foundation
import Syntax
import Testing

@Suite("Base64")
struct Base64Tests {
    /// RFC 4648, section 10.
    static let vectors = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]

    @Test("writes and reads the vectors of RFC 4648", arguments: vectors)
    func readsVectors(plain: String, text: String) {
        let bytes = Array(plain.utf8)
        let bare = text.replacingOccurrences(of: "=", with: "")
        #expect(Base64.encode(bytes) == text && Base64.decode(text) == bytes)
        #expect(Base64.encode(bytes, as: .url) == bare && Base64.decode(bare, as: .url) == bytes)
        #expect(Base64.decode(text[...], allowing: []) == bytes)
        #expect(Base64.decode(text, allowing: .anyAlphabet) == bytes && Base64.decode(bare, allowing: .anyAlphabet) == bytes)
    }

    @Test("every byte survives in both alphabets, at every length")
    func roundTrip() {
        for count in 0...260 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ count) }
            #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
            for alphabet in [Base64.Alphabet.standard, .url] {
                let text = Base64.encode(bytes, as: alphabet)
                #expect(Base64.decode(text, as: alphabet, allowing: []) == bytes)
                #expect(Base64.decode(text, allowing: .anyAlphabet) == bytes)
            }
        }
    }

    @Test(
        "refuses what is no padded base64",
        arguments: [
            "Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "Zm9v=", "=", "==", "====", "Z", "Z===", "Zm9vYg=", "Z=g=", "Zg==Zg==", "Zg==Z",
            "Zh==",
            "Zm9=", "Zm-v", "Zm_v", "Zm 9v", "Zm9v\0", "Zm9vé", "🙂", "%5a",
        ])
    func refuses(text: String) {
        #expect(Base64.decode(text) == nil && Base64.decode(text, allowing: []) == nil)
    }

    @Test(
        "refuses what is no bare base64url", arguments: ["Zg==", "Zm8=", "Z", "Zm9vY", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm 9v", "="])
    func refusesURL(text: String) {
        #expect(Base64.decode(text, as: .url) == nil && Base64.decode(text, as: .url, allowing: []) == nil)
    }

    @Test("each leniency allows one thing")
    func leniency() {
        let foo = Array("foo".utf8)
        #expect(Base64.decode("Zm\r\n9v\n") == foo && Base64.decode("Zm\r\n9v\n", allowing: []) == nil)
        #expect(Base64.decode("Zm\n9v", as: .url) == foo && Base64.decode("Zm\n9v", as: .url, allowing: []) == nil)
        #expect(
            Base64.decode("Zh==", allowing: .strayBits) == [0x66] && Base64.decode("Zh", as: .url, allowing: .strayBits) == [0x66])
        #expect(Base64.decode("Zh", allowing: .strayBits) == nil && Base64.decode("-_-_", allowing: .strayBits) == nil)
        #expect(Base64.decode("-_+/", allowing: .anyAlphabet) == [0xFB, 0xFF, 0xBF])
        for text in ["Zg=", "Zh==", "Zh", "Z", "Zg==\n", "Zg==Zg"] {
            #expect(Base64.decode(text, allowing: .anyAlphabet) == nil, "\(text)")
        }
    }

    /// Policies were decoded by Foundation before, which also takes a digit behind padding for one.
    @Test("with stray bits allowed it takes what Foundation takes", arguments: 0..<400)
    func likeFoundation(seed: Int) {
        var generator = SplitMix64(seed: UInt64(seed))
        let letters = Array("ABZaz09+/=-_ \nQ".utf8)
        let bytes = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
            letters[Int.random(in: 0..<letters.count, using: &generator)]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let hasDigitBehindPadding = zip(bytes, bytes.dropFirst()).contains { $0 == UInt8(ascii: "=") && $1 != UInt8(ascii: "=") }
        let expected = hasDigitBehindPadding ? nil : Data(base64Encoded: text).map { [UInt8]($0) }
        #expect(Base64.decode(text, allowing: .strayBits) == expected, "\(text.debugDescription)")
    }
}

@Suite("Hexadecimal")
struct HexTests {
    @Test(
        "writes and reads the vectors of RFC 4648",
        arguments: [
            ("", ""), ("f", "66"), ("fo", "666F"), ("foo", "666F6F"), ("foob", "666F6F62"), ("fooba", "666F6F6261"),
            ("foobar", "666F6F626172"),
        ])
    func readsVectors(plain: String, text: String) {
        let bytes = Array(plain.utf8)
        #expect(Hex.encode(bytes) == text.lowercased())
        #expect(Hex.decode(text, .anyCase) == bytes && Hex.decode(text.lowercased()) == bytes)
    }

    @Test("every byte is written in each of the ways alike")
    func allBytes() {
        let bytes = (0...255).map { UInt8($0) }
        let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        var appended: [UInt8] = [1]
        var written = [UInt8](repeating: 0, count: 512)
        bytes.withUnsafeBytes { bytes in
            #expect(Hex.encode(bytes) == text)
            Hex.append(bytes, to: &appended)
            written.withUnsafeMutableBytes { Hex.write(bytes, to: $0) }
        }
        #expect(Hex.encode(bytes) == text && appended == [1] + Array(text.utf8) && written == Array(text.utf8))
        #expect(Hex.decode(text) == bytes && Hex.decode(text.uppercased(), .anyCase) == bytes)
    }

    @Test("numbers keep their leading zeros")
    func numbers() {
        #expect(Hex.encode(UInt64(0x2A)) == "000000000000002a" && Hex.encode(UInt64.max) == "ffffffffffffffff")
        #expect(Hex.encode(UInt16(0x61C)) == "061c" && Hex.encode(UInt8(7)) == "07")
    }

    @Test("refuses what is no hexadecimal", arguments: ["6", "666", "6g", "g6", " 6", "6 ", "0x66", "+6", "-6", "6\0", "６６", "é"])
    func refuses(text: String) {
        #expect(Hex.decode(text) == nil && Hex.decode(text, .anyCase) == nil)
    }

    @Test("capitals are refused where only lower case is written", arguments: ["6F", "AB", "aB"])
    func refusesCapitals(text: String) { #expect(Hex.decode(text) == nil) }
}

@Suite("ASCII classes")
struct ASCIITests {
    @Test("are those of Unicode below 128, and hold for no byte above")
    func classes() {
        for byte in UInt8.min ... .max {
            let scalar = Unicode.Scalar(byte)
            let isASCII = byte < 0x80
            #expect(byte.isASCIIDigit == (isASCII && scalar.properties.numericType != nil))
            #expect(byte.isASCIILetter == (isASCII && scalar.properties.isAlphabetic))
            #expect(byte.isASCIIUppercase == (isASCII && scalar.properties.isUppercase))
            #expect(byte.isASCIILowercase == (isASCII && scalar.properties.isLowercase))
            #expect(byte.isASCIILetterOrDigit == (byte.isASCIILetter || byte.isASCIIDigit))
            let character = Character(scalar)
            #expect((Hex.value(byte) != nil) == (isASCII && character.isHexDigit))
            #expect(byte.isLowercaseHexDigit == (isASCII && character.isHexDigit && !byte.isASCIIUppercase))
            #expect(byte.asciiLowercased == (isASCII ? character.lowercased().utf8.first : byte))
        }
    }
}

@Suite("Civil dates")
struct CivilDateTests {
    @Test(
        "days and dates are each other's inverse",
        arguments: [
            (0, 1970, 1, 1), (-1, 1969, 12, 31), (59, 1970, 3, 1), (11_016, 2000, 2, 29), (11_017, 2000, 3, 1),
            (19_723, 2024, 1, 1),
            (47_540, 2100, 2, 28), (47_541, 2100, 3, 1), (-719_468, 0, 3, 1), (-719_469, 0, 2, 29), (106_751, 2262, 4, 11),
            (-106_752, 1677, 9, 21),
        ])
    func knownDates(days: Int, year: Int, month: Int, day: Int) {
        let date = CivilDate(year: year, month: month, day: day)
        #expect(CivilDate(daysSince1970: days) == date && date.daysSince1970 == days)
    }

    @Test("no day is left out or there twice, over eight centuries")
    func everyDay() {
        var last = CivilDate(daysSince1970: -150_000)
        for days in -149_999...150_000 {
            let date = CivilDate(daysSince1970: days)
            let isNext =
                date.day == last.day + 1 && date.month == last.month && date.year == last.year
                || date.day == 1 && date.month == last.month + 1 && date.year == last.year && last.day >= 28
                || date.day == 1 && date.month == 1 && last.month == 12 && last.day == 31 && date.year == last.year + 1
            guard isNext, date.daysSince1970 == days else {
                Issue.record("\(days): \(date) behind \(last)")
                return
            }
            last = date
        }
    }

    @Test("a day that its month does not have counts on")
    func overflowingDay() {
        #expect(CivilDate(year: 2023, month: 2, day: 31).daysSince1970 == CivilDate(year: 2023, month: 3, day: 3).daysSince1970)
    }
}
