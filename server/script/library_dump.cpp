// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/library_dump.h"

#include <array>
#include <optional>

#if __has_include(<liblzf/lzf.h>)
#include <liblzf/lzf.h>
#else
#include <lzf.h>
#endif

#include "protocol/base/number.h"
#include "protocol/resp/errors.h"

namespace keel::script {

namespace {

constexpr char kFunction2 = '\xF5';
constexpr unsigned kVersion = 10;  // what 7.0 writes, and everybody after it reads
constexpr std::size_t kFooterBytes = 10;
constexpr std::size_t kMostCodeBytes = std::size_t{512} << 20;
constexpr ErrorText kNotFunction{"ERR given type is not a function"};
constexpr ErrorText kBroken{"ERR failed loading functions"};

constexpr std::array<std::uint64_t, 256> kTable = [] {
    std::array<std::uint64_t, 256> table{};
    for (std::uint64_t i = 0; i < 256; ++i) {
        std::uint64_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0x95AC9329AC4BC9B5U : crc >> 1U;
        table[i] = crc;
    }
    return table;
}();

void put_length(std::string& out, std::uint64_t length) {
    const auto big = [&](unsigned bytes) {
        while (bytes-- > 0) out += static_cast<char>(length >> (8 * bytes));
    };
    if (length < 64) return big(1);
    if (length < 16384) {
        out += static_cast<char>(0x40U | length >> 8U);
        out += static_cast<char>(length);
        return;
    }
    out += '\x80';
    big(4);
}

void put_little(std::string& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

std::uint64_t little(Bytes bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8U | static_cast<std::uint8_t>(bytes[i]);
    return value;
}

// Strings as RDB has them: plain, packed with LZF, or an integer.
class StringReader {
  public:
    explicit StringReader(Bytes left) : left_(left) {}

    [[nodiscard]] bool more() const { return !left_.empty(); }
    std::optional<std::uint8_t> byte() {
        if (left_.empty()) return std::nullopt;
        const auto value = static_cast<std::uint8_t>(left_.front());
        left_.remove_prefix(1);
        return value;
    }

    std::optional<std::string> string() {
        bool special = false;
        const auto length = read_length(special);
        if (!length) return std::nullopt;
        if (!special) return take(*length);
        if (*length == 3) return packed();
        if (*length > 2) return std::nullopt;
        const unsigned bytes = 1U << *length;
        const auto text = take(bytes);
        if (!text) return std::nullopt;
        const auto shift = 64 - 8 * bytes;
        return integer_text(static_cast<std::int64_t>(little(*text) << shift) >> shift);
    }

  private:
    std::optional<std::uint64_t> big(unsigned bytes) {
        std::uint64_t value = 0;
        while (bytes-- > 0) {
            const auto next = byte();
            if (!next) return std::nullopt;
            value = value << 8U | *next;
        }
        return value;
    }

    std::optional<std::uint64_t> read_length(bool& special) {
        const auto first = byte();
        if (!first) return std::nullopt;
        switch (*first >> 6U) {
            case 0: return *first;
            case 1: {
                const auto low = byte();
                if (!low) return std::nullopt;
                return std::uint64_t{*first & 0x3FU} << 8U | *low;
            }
            case 2: return *first == 0x80 ? big(4) : *first == 0x81 ? big(8) : std::nullopt;
            default: special = true; return *first & 0x3FU;
        }
    }

    std::optional<std::string> take(std::uint64_t bytes) {
        if (bytes > left_.size()) return std::nullopt;
        std::string out{left_.substr(0, bytes)};
        left_.remove_prefix(bytes);
        return out;
    }

    std::optional<std::string> packed() {
        bool special = false;
        const auto packed_size = read_length(special);
        const auto size = read_length(special);
        if (!packed_size || !size || special || *size == 0 || *size > kMostCodeBytes) return std::nullopt;
        const auto text = take(*packed_size);
        // LZF makes at most 264 bytes of 3: what claims more lies.
        if (!text || *size > *packed_size * 264) return std::nullopt;
        std::string out(*size, '\0');
        const auto got = lzf_decompress(text->data(), static_cast<unsigned>(text->size()), out.data(),
                                        static_cast<unsigned>(out.size()));
        if (got != *size) return std::nullopt;
        return out;
    }

    Bytes left_;
};

}  // namespace

std::uint64_t crc64(Bytes bytes) noexcept {
    std::uint64_t crc = 0;
    for (const char byte : bytes) crc = kTable[(crc ^ static_cast<std::uint8_t>(byte)) & 0xFFU] ^ crc >> 8U;
    return crc;
}

std::string dump_libraries(std::span<const Bytes> codes) {
    std::string out;
    for (const Bytes code : codes) {
        out += kFunction2;
        put_length(out, code.size());
        out += code;
    }
    put_little(out, kVersion, 2);
    put_little(out, crc64(out), 8);
    return out;
}

Result<std::vector<std::string>> read_libraries(Bytes payload) {
    if (payload.size() < kFooterBytes) return errors::kDumpPayload;
    const Bytes body = payload.substr(0, payload.size() - kFooterBytes);
    const std::uint64_t version = little(payload.substr(body.size(), 2));
    const std::uint64_t check = little(payload.substr(body.size() + 2));
    // A check of zero says that none was made.
    constexpr std::uint64_t kNewest = 12;
    if (version > kNewest || (check != 0 && check != crc64(payload.substr(0, body.size() + 2))))
        return errors::kDumpPayload;
    std::vector<std::string> codes;
    StringReader reader{body};
    while (reader.more()) {
        if (*reader.byte() != static_cast<std::uint8_t>(kFunction2)) return kNotFunction;
        auto code = reader.string();
        if (!code) return kBroken;
        codes.push_back(*std::move(code));
    }
    return codes;
}

}  // namespace keel::script
