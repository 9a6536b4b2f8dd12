// SPDX-License-Identifier: BSD-3-Clause
//
// What keel-check-aof does: reads a log (a manifest with its files, one file, or the folder that holds either the
// manifest or the folder with it) as the server would, and says what it finds in the lines that redis-check-aof prints,
// or as one JSON object. Can cut the last file: at its last good point, or in front of what was logged after some time.
//
// What a start refuses, though its form is good, is not valid: commands that are not known, not about data, or have a
// wrong number of words. Whether a SELECT is refused depends on the `databases` of the server that starts, which is its
// own affair: the log stays valid, and what it needs is said.
//
// Always true:
//   1. Nothing is changed unless a fix was asked for and, on the terminal, confirmed.
//   2. Only what has a bad form is cut: a command that is refused may be known to another version.
//   3. Where seals (persistence/aof/chain.h) say that something is damaged, what is good ends at the last seal before
//   it,
//      even if more of it has a good form.
#pragma once

#include <fmt/core.h>

#include <cstdio>
#include <functional>
#include <optional>
#include <span>
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
    "Usage: keel-check-aof [--json] [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof|folder>\n";

class Checker {
  public:
    // Checks the RDB that a file begins with; returns where it ends. Not set: such a part is skipped, and said to be
    // so.
    using CheckRdb = std::function<Result<std::uint64_t>(ReadFile& file)>;

    // What a start says of a command, its words given: good, or why not. Not set: all commands are taken for known.
    using JudgeCommand = std::function<Status(std::span<const Bytes> words)>;

    // Says things to `out`, progress to `progress`, and reads the confirmation from `in`.
    Checker(FileSystem& files, const Clock& clock, Options options, std::FILE* out, std::FILE* progress, std::FILE* in);
    void set_check_rdb(CheckRdb check) { check_rdb_ = std::move(check); }
    void set_judge(JudgeCommand judge) { judge_ = std::move(judge); }

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
        std::string refusal;  // of the first command that a start refuses
        std::uint64_t refusal_at = 0;
        std::int64_t databases = 1;      // so many a server has to have,
        std::uint64_t databases_at = 0;  // for the SELECT that begins here
        std::optional<std::int64_t> first_timestamp, last_timestamp;
    };

    bool find_manifest();
    bool check_log();
    bool check_single();
    bool check_file(const std::string& name, const std::string& path, Kind kind, const char* type, bool last);
    bool read_all(aof::LogReader& reader, Report& report, const std::string& path, bool last);
    bool past_timestamp(const aof::LogReader& reader, Report& report, const std::string& path,
                        std::uint64_t good_before, bool last);
    void judge(std::span<const Bytes> words, std::uint64_t at, Report& report);
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
    JudgeCommand judge_;
    bool is_log_ = false;  // options_.path is a manifest
    aof::Chain chain_;
    std::uint64_t lines_ = 1;  // of all files, as redis-check-aof counts
    std::int64_t next_progress_us_ = 0;
    std::vector<Report> reports_;
    std::string trouble_;  // what is wrong beyond one file
};

}  // namespace keel::check_aof
