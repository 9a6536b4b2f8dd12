// SPDX-License-Identifier: BSD-3-Clause
//
// Any bytes as a log: the first byte says what they are.
//
//     m   a manifest: refused, or what is read comes back from its own text
//     l   a file: it is loaded or refused; where it is cut, it loads to the same commands, and then the log goes on
//     behind it f   a byte of a sealed log is changed (position and value follow): the same commands, or refused
#include <cstddef>
#include <cstdint>

#include "protocol/base/check.h"
#include "tests/support/log_fixture.h"
#include "tests/support/quiet_log.h"

namespace {

using namespace keel;

void manifest(Bytes text) {
    const auto parsed = aof::Manifest::parse(text);
    if (!parsed) {
        KEEL_CHECK(!parsed.error().text().empty());
        return;
    }
    const auto again = aof::Manifest::parse(parsed->text());
    // Only a manifest of comments has no lines of its own.
    if (!again) {
        KEEL_CHECK(parsed->text().empty());
        return;
    }
    KEEL_CHECK(*again == *parsed);
    KEEL_CHECK(again->text() == parsed->text());
}

void log_file(Bytes bytes) {
    FakeDisk disk;
    disk.put("/srv/logs/a.aof.manifest", "file a.aof.1.incr.aof seq 1 type i\n");
    disk.put("/srv/logs/a.aof.1.incr.aof", bytes);
    const Loaded first = load_log(disk);
    if (!first.error.empty()) return;
    const Loaded second = load_log(disk, false);
    KEEL_CHECK(second.error.empty() && second.commands == first.commands);
    LogLife life{disk, Aof::Fsync::always};
    KEEL_CHECK(life.open().has_value());
    life.set("k", "v");
    KEEL_CHECK(life.log.close().has_value());
    const Loaded third = load_log(disk, false);
    KEEL_CHECK(third.error.empty() && third.commands.size() == first.commands.size() + 1);
}

void flipped(Bytes choice) {
    FakeDisk disk;
    {
        LogLife life{disk, Aof::Fsync::always};
        KEEL_CHECK(life.open().has_value());
        for (const char c : choice.substr(0, 64)) {
            life.set(std::string(1, c), std::string(static_cast<unsigned char>(c), c));
            life.turn();
            life.helper.run_all();
        }
        KEEL_CHECK(life.log.close().has_value());
    }
    const std::string path = "/srv/logs/a.aof.1.incr.aof";
    std::string bytes = disk.bytes_of(path);
    const Loaded before = load_log(disk);
    if (choice.size() < 3 || bytes.empty()) return;
    const std::size_t at =
        (static_cast<unsigned char>(choice[0]) * 256U + static_cast<unsigned char>(choice[1])) % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ choice[2]);
    disk.put(path, bytes);
    const Loaded after = load_log(disk);
    KEEL_CHECK(!after.error.empty() || after.commands == before.commands);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const QuietLog quiet;
    const Bytes rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0]) {
        case 'm': manifest(rest); break;
        case 'l': log_file(rest); break;
        case 'f': flipped(rest); break;
        default: break;
    }
    return 0;
}
