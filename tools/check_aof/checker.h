// SPDX-License-Identifier: BSD-3-Clause
//
// What keel-check-aof does: reads a log (a manifest with its files, or one file) as the server would, and says what it
// finds in the lines that redis-check-aof prints, or as one JSON object. Can cut the last file: at its last good point,
// or in front of what was logged after some time.
//
// Always true:
//   1. Nothing is changed unless a fix was asked for and, on the terminal, confirmed.
//   2. Where seals (persistence/aof/chain.h) say that something is damaged, what is good ends at the last seal before
//   it,
//      even if more of it has a good form.
#pragma once

#include <fmt/core.h>

#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "persistence/aof/log_reader.h"
#include "persistence/aof/manifest.h"
#include "persistence/file_system.h"
#include "protocol/base/clock.h"

namespace keel::check_aof {

struct Options {
    bool fix = false;
    bool json = false;
    std::optional<std::int64_t> to_timestamp;  // seconds
    std::string path;
};

// From the words behind the program's name; nothing if they make no sense (say kUsage).
[[nodiscard]] std::optional<Options> parse_options(int count, char** words);
inline constexpr const char* kUsage =
    "Usage: keel-check-aof [--json] [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>\n";

class Checker {
  public:
    // Checks the RDB that a file begins with; returns where it ends. Not set: such a part is skipped, and said to be
    // so.
    using CheckRdb = std::function<Result<std::uint64_t>(ReadFile& file)>;

    // Says things to `out`, progress to `progress`, and reads the confirmation from `in`.
    Checker(FileSystem& files, const Clock& clock, Options options, std::FILE* out, std::FILE* progress, std::FILE* in);
    void set_check_rdb(CheckRdb check) { check_rdb_ = std::move(check); }

    // The exit status: 0 when all is valid (after the fix, if there was one).
    [[nodiscard]] int run();

  private:
    using Found = aof::LogReader::Found;
    using Kind = aof::LogReader::Kind;

    struct Report {
        std::string name;
        const char* type;  // "base", "incr", or "file" for one without a manifest
        std::uint64_t size = 0;
        std::uint64_t good = 0;
        std::uint64_t commands = 0;
        std::uint64_t seals = 0;
        std::uint64_t sealed = 0;
        std::string status = "valid";  // empty, unchecked, invalid, truncated
        std::string problem;
        std::uint64_t problem_at = 0;
        std::optional<std::int64_t> first_timestamp, last_timestamp;
    };

    bool check_log();
    bool check_single();
    bool check_file(const std::string& name, const std::string& path, Kind kind, const char* type, bool last);
    bool read_all(aof::LogReader& reader, Report& report, const std::string& path, bool last);
    bool past_timestamp(const aof::LogReader& reader, Report& report, const std::string& path,
                        std::uint64_t good_before, bool last);
    void note_end(aof::LogReader& reader, Report& report, Found found);
    bool conclude(Report& report, const std::string& path, bool last);
    bool fix(Report& report, const std::string& path, bool last);
    Status cut(const std::string& path, std::uint64_t size);
    bool begins_with(const std::string& path, Bytes magic);
    void show_progress(const aof::LogReader& reader, const std::string& name);
    template <typename... A>
    void say(fmt::format_string<A...> format, A&&... args);
    void say_json(bool valid);

    FileSystem& files_;
    const Clock& clock_;
    Options options_;
    std::FILE* out_;
    std::FILE* progress_;
    std::FILE* in_;
    CheckRdb check_rdb_;
    aof::Chain chain_;
    std::uint64_t lines_ = 1;  // of all files, as redis-check-aof counts
    std::int64_t next_progress_us_ = 0;
    std::vector<Report> reports_;
    std::string trouble_;  // what is wrong beyond one file
};

}  // namespace keel::check_aof
