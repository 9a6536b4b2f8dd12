// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/library_dump.h"

#include "persistence/crc64.h"
#include "persistence/rdb/format.h"
#include "persistence/rdb/reader.h"
#include "persistence/rdb/writer.h"
#include "protocol/resp/errors.h"

namespace keel::script {

namespace {

constexpr auto kFunction2 = static_cast<std::uint8_t>(rdb::Opcode::function2);
constexpr unsigned kVersion = 10;  // what 7.0 writes, and everybody after it reads
constexpr std::size_t kFooterBytes = 10;
constexpr ErrorText kNotFunction{"ERR given type is not a function"};
constexpr ErrorText kBroken{"ERR failed loading functions"};

}  // namespace

std::string dump_libraries(std::span<const Bytes> codes) {
    rdb::Writer out{{.squeeze = false, .checksum = true}};
    for (const Bytes code : codes) {
        out.byte(kFunction2);
        out.string(code);
    }
    char version[2];
    store_le<std::uint16_t>(version, kVersion);
    out.raw({version, sizeof(version)});
    out.u64(out.checksum());
    return std::string{out.bytes()};
}

Result<std::vector<std::string>> read_libraries(Bytes payload) {
    if (payload.size() < kFooterBytes) return errors::kDumpPayload;
    const char* footer = payload.data() + payload.size() - kFooterBytes;
    const unsigned version = load_le<std::uint16_t>(footer);
    const std::uint64_t check = load_le<std::uint64_t>(footer + 2);
    const bool known = version == 0 || rdb::is_known_version(version);
    // A check of zero says that none was made.
    if (!known || (check != 0 && check != crc64(payload.substr(0, payload.size() - 8)))) return errors::kDumpPayload;
    std::vector<std::string> codes;
    rdb::Reader in{payload.substr(0, payload.size() - kFooterBytes)};
    while (in.left() != 0) {
        if (*in.byte() != kFunction2) return kNotFunction;
        const auto code = in.string();
        if (!code) return kBroken;
        codes.emplace_back(*code);
    }
    return codes;
}

}  // namespace keel::script
