// SPDX-License-Identifier: BSD-3-Clause
//
// Any bytes as an RDB file: it is refused with a reason, or what it held can be told, changed and saved, and the file
// that this makes holds the same. (Build with -DKEEL_FUZZ=ON and clang.)
//
//     | bytes a source gives at once u8 | file ... |        the checksum is not looked at
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "persistence/rdb/snapshot_loader.h"
#include "persistence/rdb/snapshot_writer.h"
#include "protocol/base/check.h"
#include "tests/fuzz/keyspace_fixture.h"

namespace {

using namespace keel;
using namespace keel::rdb;

class Source final : public ByteSource {
  public:
    Source(Bytes bytes, std::size_t at_once) : bytes_(bytes), at_once_(at_once) {}
    Result<std::size_t> read(char* to, std::size_t room) override {
        const std::size_t here = std::min({room, at_once_, bytes_.size()});
        std::copy_n(bytes_.data(), here, to);
        bytes_.remove_prefix(here);
        return here;
    }

  private:
    Bytes bytes_;
    std::size_t at_once_;
};

class NoLibraries final : public LibrarySink {
    Status add_library(Bytes) override { return {}; }
};

bool load(fuzz::KeyspaceFixture& keel, Bytes file, std::size_t at_once) {
    keel.clear();
    Source source{file, at_once};
    Reader reader{source, file.size()};
    NoLibraries libraries;
    SnapshotLoader loader{reader, keel.keyspace, libraries, keel.settings, {.check_sum = false, .drop_due = false}};
    for (;;) {
        const auto done = loader.step(100);
        if (!done) KEEL_CHECK(done.error().text().starts_with("at byte "));
        if (!done || *done) return done.has_value();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    static fuzz::KeyspaceFixture keel;
    keel.keyspace.due_keys = DueKeys::show;
    if (!load(keel, {reinterpret_cast<const char*>(data) + 1, size - 1}, data[0] + std::size_t{1})) return 0;
    const std::string before = digest_of(keel.keyspace).hex();
    Writer out{{}};
    KEEL_CHECK(write_snapshot(out, {keel.keyspace, keel.settings}, [](std::uint64_t) {}).has_value());
    const std::string again{out.bytes()};
    keel.read_and_change();
    KEEL_CHECK(load(keel, again, 64 * 1024));
    KEEL_CHECK(digest_of(keel.keyspace).hex() == before);
    return 0;
}
