// SPDX-License-Identifier: BSD-3-Clause
//
// What keel-check-rdb does: reads an RDB file as the server would, every value with the decoder that the server uses,
// keeps nothing of it, and says whether it is good, what it holds and, if not, what is wrong first. In lines, of which
// the first have redis-check-rdb's form, or as one JSON object.
//
// Always true:
//   1. What is called good is loaded by keel if it has that many databases: a key that is there twice is found, too.
//      Only the code of functions is not looked at.
//   2. Nothing is changed.
//   3. Memory: the largest value, and 16 bytes for each key. A key that is there again right behind itself (zeros,
//      where a disk lost what was written) ends the reading.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "conf/settings.h"
#include "persistence/file_system.h"
#include "persistence/rdb/reader.h"
#include "persistence/rdb/snapshot_loader.h"
#include "protocol/base/clock.h"
#include "tools/check_rdb/inventory.h"

namespace keel::check_rdb {

struct Options {
    bool json = false;
    bool help = false;
    std::size_t biggest = 10;
    std::string path = {};
};

// From the words behind the program's name; nothing if they make no sense.
[[nodiscard]] std::optional<Options> parse_options(int count, char** words);
inline constexpr const char* kUsage =
    "Usage: keel-check-rdb [--json] [--biggest N] <file.rdb>\n"
    "  Checks an RDB file of keel, Redis or Valkey (a snapshot, or the base file of an append-only log), and says "
    "what\n"
    "  is in it. Exit status 0 if it is good.\n"
    "  --json       the findings as one JSON object\n"
    "  --biggest N  names the N keys that take most of the file, 10 unless said otherwise\n";

class Checker {
  public:
    // Says things to `out`, progress to `progress`.
    Checker(FileSystem& files, const Clock& clock, Options options, std::FILE* out, std::FILE* progress);

    // The exit status: 0 when all is good.
    [[nodiscard]] int run();

  private:
    bool check();
    bool read_all(rdb::Reader& reader, rdb::SnapshotLoader& loader);
    void show_progress(std::uint64_t offset);
    void say_verdict();
    void say_summary();
    void say_biggest();
    void say_json();
    [[nodiscard]] std::string json_sums();
    [[nodiscard]] std::string json_biggest();
    template <typename... A>
    void say(fmt::format_string<A...> format, A&&... args);

    FileSystem& files_;
    const Clock& clock_;
    Options options_;
    std::FILE* out_;
    std::FILE* progress_;
    std::int64_t next_progress_us_ = 0;
    Settings settings_;

    Inventory inventory_;
    std::uint64_t size_ = 0;
    std::uint64_t read_ = 0;  // how far it was looked at
    unsigned version_ = 0;
    std::uint64_t empty_ = 0;
    bool checksum_held_ = false;
    std::vector<std::pair<std::string, std::string>> facts_;
    std::optional<rdb::LoadTrouble> trouble_;
};

// Reads the RDB that a file begins with, more may follow; where it ends. The error is a sentence. For logs whose first
// part is one.
[[nodiscard]] Result<std::uint64_t> check_beginning(ReadFile& file);

}  // namespace keel::check_rdb
