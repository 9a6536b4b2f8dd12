// SPDX-License-Identifier: BSD-3-Clause
//
// Any bytes as a payload of RESTORE: they are refused, or a value came of them that can be told, read whole, changed,
// saved and restored again. (Build with -DKEEL_FUZZ=ON and clang.)
//
//     | version u8: 80 if odd, else 11 | tag u8 | value ... |        the footer is made right
#include <cstddef>
#include <cstdint>
#include <string>

#include "datatypes/all_types.h"
#include "datatypes/core/rdb_tags.h"
#include "persistence/crc64.h"
#include "persistence/dump_commands.h"
#include "persistence/rdb/dump.h"
#include "protocol/base/check.h"
#include "tests/fuzz/keyspace_fixture.h"

namespace {

using namespace keel;

void tell_and_change(fuzz::KeyspaceFixture& keel) {
    const std::string before = keel.digest();
    const std::string payload = keel.dump();
    KEEL_CHECK(!payload.empty());
    keel.read_and_change();
    // What DUMP gave makes the value that it was given of.
    KEEL_CHECK(keel.restore(payload));
    KEEL_CHECK(keel.digest() == before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    std::string payload{reinterpret_cast<const char*>(data) + 1, size - 1};
    payload += data[0] % 2 == 1 ? '\x50' : '\x0b';
    payload += '\0';
    char sum[8];
    store_le<std::uint64_t>(sum, crc64(payload));
    payload.append(sum, sizeof(sum));
    static fuzz::KeyspaceFixture keel;
    keel.clear();
    if (keel.restore(payload)) tell_and_change(keel);
    return 0;
}
