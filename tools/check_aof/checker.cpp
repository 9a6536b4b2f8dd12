// SPDX-License-Identifier: BSD-3-Clause
#include "tools/check_aof/checker.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "conf/settings.h"
#include "protocol/base/number.h"
#include "protocol/base/words.h"
#include "tools/json_text.h"

namespace keel::check_aof {

namespace {

constexpr std::uint64_t kMostManifestBytes = 64 << 20;
constexpr std::int64_t kProgressEveryUs = 1'000'000;

// What is to be said of a folder that does not hold one manifest.
std::string not_one(const std::string& folder, const std::vector<std::string>& manifests,
                    std::vector<std::string>& orphans) {
    if (!manifests.empty()) {
        return fmt::format("The folder {} holds the manifests of several AOFs, name one: {}", folder,
                           fmt::join(manifests, ", "));
    }
    const std::string none = fmt::format("The folder {} holds no manifest of an AOF", folder);
    if (orphans.empty()) return none;
    std::sort(orphans.begin(), orphans.end());
    return fmt::format("{}, though files of one: {}. Put the manifest back; a file that is named is checked by itself",
                       none, fmt::join(orphans, ", "));
}

std::string json_number(const std::optional<std::int64_t>& number) { return number ? integer_text(*number) : "null"; }

}  // namespace

std::optional<Options> parse_options(int count, char** words) {
    Options options;
    for (int i = 0; i < count; ++i) {
        const Bytes word = words[i];
        if (word == "--json") {
            options.json = true;
        } else if (word == "--fix") {
            options.fix = true;
        } else if (word == "--truncate-to-timestamp" && i + 1 < count) {
            options.to_timestamp = parse_integer(words[++i]);
            if (!options.to_timestamp || *options.to_timestamp <= 0) return std::nullopt;
        } else if (word.starts_with("--") || !options.path.empty()) {
            return std::nullopt;
        } else {
            options.path = word;
        }
    }
    if (options.path.empty() || (options.fix && options.to_timestamp)) return std::nullopt;
    return options;
}

Checker::Checker(FileSystem& files, const Clock& clock, Options options, std::FILE* out, std::FILE* progress,
                 std::FILE* in)
    : files_(files), clock_(clock), options_(std::move(options)), out_(out), progress_(progress), in_(in) {}

template <typename... A>
void Checker::say(fmt::format_string<A...> format, A&&... args) {
    if (options_.json) return;
    fmt::print(out_, "{}\n", fmt::format(format, std::forward<A>(args)...));
}

int Checker::run() {
    next_progress_us_ = clock_.steady_us() + kProgressEveryUs;
    bool valid = find_manifest();
    is_log_ = options_.path.ends_with(".manifest") || begins_with(options_.path, "file ");
    if (valid) valid = is_log_ ? check_log() : check_single();
    if (!trouble_.empty()) say("{}", trouble_);
    if (options_.json) say_json(valid);
    std::fflush(out_);
    return valid ? 0 : 1;
}

// A folder as path becomes that of the manifest in it, or in one of its folders. False: there is none, or several.
bool Checker::find_manifest() {
    const std::string folder = options_.path;
    const auto names = files_.list(folder);
    if (!names) return true;  // a file, or nothing at all
    std::vector<std::string> found;
    std::vector<std::string> orphans;
    const auto look_in = [&](const std::string& where, const std::vector<std::string>& names_there) {
        for (const std::string& name : names_there) {
            if (name.ends_with(".manifest") && !name.starts_with("temp-")) found.push_back(join_path(where, name));
            const bool of_log =
                name.ends_with(".base.rdb") || name.ends_with(".base.aof") || name.ends_with(".incr.aof");
            if (of_log) orphans.push_back(join_path(where, name));
        }
    };
    look_in(folder, *names);
    for (const std::string& name : *names) {
        const std::string inside = join_path(folder, name);
        const auto names_there = files_.list(inside);
        if (names_there)
            look_in(inside, *names_there);
        else if (io_reason(names_there.error()) != std::strerror(ENOTDIR))
            trouble_ = std::string{names_there.error().text()};
    }
    if (found.size() != 1) {
        if (found.size() > 1 || trouble_.empty()) trouble_ = not_one(folder, found, orphans);
        return false;
    }
    trouble_.clear();
    options_.path = found.front();
    say("The folder {} holds the manifest {}", folder, options_.path);
    return true;
}

bool Checker::begins_with(const std::string& path, Bytes magic) {
    auto file = files_.open_read(path);
    if (!file) return false;
    std::string start(magic.size(), '\0');
    std::size_t filled = 0;
    while (filled < start.size()) {
        const auto got = (*file)->read(std::span{start}.subspan(filled));
        if (!got || *got == 0) return false;
        filled += *got;
    }
    return start == magic;
}

bool Checker::check_log() {
    say("Start checking Multi Part AOF");
    const auto text = read_file(files_, options_.path, kMostManifestBytes);
    if (!text) {
        trouble_ = fmt::format("Cannot open file: {}, aborting...", text.error().text());
        return false;
    }
    const auto manifest = aof::Manifest::parse(*text);
    if (!manifest) {
        trouble_ = fmt::format("\n*** FATAL AOF MANIFEST FILE ERROR ***\n{}", manifest.error().text());
        return false;
    }
    const std::string folder = folder_of(options_.path);
    const auto& incremental = manifest->incremental();
    if (const auto& base = manifest->base()) {
        const std::string path = join_path(folder, base->name);
        say("Start to check BASE AOF ({} format).", begins_with(path, "REDIS") ? "RDB" : "RESP");
        if (!check_file(base->name, path, Kind::base, "base", incremental.empty())) return false;
        const std::uint64_t offset = chain_.offset();
        chain_ = {};
        chain_.adopt(offset, 0);
    }
    if (!incremental.empty()) say("Start to check INCR files.");
    for (std::size_t i = 0; i < incremental.size(); ++i) {
        const Kind kind = i == 0 ? Kind::first_incremental : Kind::next_incremental;
        const std::string& name = incremental[i].name;
        if (!check_file(name, join_path(folder, name), kind, "incr", i + 1 == incremental.size())) return false;
    }
    const bool all =
        std::none_of(reports_.begin(), reports_.end(), [](const Report& r) { return r.status == "unchecked"; });
    say("{}", all ? "All AOF files and manifest are valid" : "The manifest and all that was checked are valid");
    return true;
}

bool Checker::check_single() {
    say("Start checking Old-Style AOF");
    return check_file(options_.path, options_.path, Kind::first_incremental, "file", true);
}

bool Checker::check_file(const std::string& name, const std::string& path, Kind kind, const char* type, bool last) {
    Report& report = reports_.emplace_back();
    report.name = name;
    report.type = type;
    auto file = files_.open_read(path);
    if (!file) {
        report.status = "invalid";
        report.problem = std::string{file.error().text()};
        say("Cannot open file: {}, aborting...", file.error().text());
        return false;
    }
    std::uint64_t offset = 0;
    if (begins_with(path, "REDIS")) {
        if (!check_rdb_) {
            report.size = files_.size(path).value_or(0);
            report.status = "unchecked";
            say("The RDB part of {} was not checked", name);
            return true;
        }
        const auto end = check_rdb_(**file);
        if (!end) {
            report.status = "invalid";
            report.problem = std::string{end.error().text()};
            say("RDB preamble of AOF file is not sane, aborting. {}", end.error().text());
            return false;
        }
        offset = *end;
        if (!(*file)->seek(offset)) return false;
        say("RDB preamble is OK, proceeding with AOF tail...");
    }
    aof::LogReader reader{std::move(*file), chain_, kind, offset};
    report.size = reader.size();
    if (!read_all(reader, report, path, last)) return false;
    chain_ = reader.chain();
    return conclude(report, path, last);
}

// False: it ended the whole check (said why).
bool Checker::read_all(aof::LogReader& reader, Report& report, const std::string& path, bool last) {
    ArgumentList words;
    for (;;) {
        const std::uint64_t good_before = reader.good();
        const bool inside = reader.in_transaction();
        const Found found = reader.next(words);
        if (options_.to_timestamp && reader.timestamp().value_or(0) > *options_.to_timestamp) {
            return past_timestamp(reader, report, path, good_before, last);
        }
        if (found == Found::drained) {
            words.clear();
            reader.refill();
            show_progress(reader, report.name);
            continue;
        }
        if (found != Found::command) {
            note_end(reader, report, found);
            return true;
        }
        ++report.commands;
        const Request& request = reader.request();
        lines_ += 1 + 2 * request.count;
        if (!report.first_timestamp) report.first_timestamp = reader.timestamp();
        report.last_timestamp = reader.timestamp();
        judge(words.view(request.first, request.count), reader.position(), report);
        if (request.count == 1) {
            const Bytes name = words[words.size() - 1];
            const bool multi = equal_nocase(name, "multi");
            if ((multi && inside) || (equal_nocase(name, "exec") && !inside)) {
                report.problem = fmt::format("Unexpected {} in AOF {}", multi ? "MULTI" : "EXEC", path);
                report.problem_at = reader.position();
                report.good = good_before;
                return true;
            }
        }
        if (words.size() > 100'000) words.clear();
    }
}

// What a start does with it (server/log_applier).
void Checker::judge(std::span<const Bytes> words, std::uint64_t at, Report& report) {
    Status accepted = judge_ ? judge_(words) : Status{};
    if (accepted && words.size() == 2 && equal_nocase(words[0], "select")) {
        const auto index = parse_integer(words[1]);
        if (!index || *index < 0 || *index >= std::numeric_limits<std::int32_t>::max()) {
            accepted = Error{fmt::format("Can't SELECT the database {}", quoted(words[1].substr(0, 64)))};
        } else if (*index >= report.databases) {
            report.databases = *index + 1;
            report.databases_at = at;
        }
    }
    if (accepted || !report.refusal.empty()) return;
    report.refusal = fmt::format("A start ends here: {} reading the append only file {} (command '{}' at offset {})",
                                 accepted.error().text(), report.name, words[0].substr(0, 64), at);
    report.refusal_at = at;
}

void Checker::note_end(aof::LogReader& reader, Report& report, Found found) {
    report.seals = reader.seals();
    report.sealed = reader.sealed();
    // Lines with '#' behind the last command are good, too: as redis-check-aof has it.
    report.good = found == Found::damaged   ? reader.sealed()
                  : reader.in_transaction() ? reader.good()
                                            : reader.position();
    if (found == Found::end) return;
    report.problem = reader.reason();
    report.problem_at = reader.position();
    if (found == Found::truncated && reader.in_transaction())
        report.problem = "Reached EOF before reading EXEC for MULTI";
}

bool Checker::past_timestamp(const aof::LogReader& reader, Report& report, const std::string& path,
                             std::uint64_t good_before, bool last) {
    const std::int64_t limit = *options_.to_timestamp;
    if (report.commands == 0) {
        report.status = "invalid";
        report.problem = fmt::format("AOF {} has nothing before timestamp {}, aborting...", path, limit);
        say("{}", report.problem);
        return false;
    }
    const std::uint64_t at =
        reader.in_transaction() ? std::min(good_before, reader.timestamp_at()) : reader.timestamp_at();
    if (!last) {
        report.status = "invalid";
        report.problem = fmt::format(
            "Failed to truncate AOF {} to timestamp {} to offset {} because it is not the last file.", path, limit, at);
        say("{}", report.problem);
        say("If you insist, please delete all files after this file according to the manifest file and delete the "
            "corresponding records in manifest file manually. Then re-run keel-check-aof.");
        return false;
    }
    if (const Status done = cut(path, at); !done) {
        report.status = "invalid";
        report.problem = std::string{done.error().text()};
        say("Failed to truncate AOF {} to timestamp {}: {}", path, limit, done.error().text());
        return false;
    }
    report.good = at;
    report.status = "truncated";
    say("Successfully truncated AOF {} to timestamp {}", report.name, limit);
    return true;
}

// What redis-check-aof says of a file at its end, and the fix.
bool Checker::conclude(Report& report, const std::string& path, bool last) {
    if (report.status == "truncated") return true;
    const char* const what = report.type == std::string_view{"base"}   ? "BASE AOF"
                             : report.type == std::string_view{"incr"} ? "INCR AOF"
                                                                       : "AOF";
    if (report.size == 0) {
        report.status = "empty";
        say("{} {} is empty", what, report.name);
        return true;
    }
    if (!report.problem.empty()) say("0x{:16x}: {}", report.problem_at, report.problem);
    const bool whole = report.problem.empty();
    if (whole && options_.to_timestamp) {
        say("Truncate nothing in AOF {} to timestamp {}", report.name, *options_.to_timestamp);
    } else {
        say("AOF analyzed: filename={}, size={}, ok_up_to={}, ok_up_to_line={}, diff={}", report.name, report.size,
            report.good, lines_, report.size - report.good);
    }
    const std::int64_t usual = Process{}.databases;
    if (report.databases > usual) {
        say("0x{:16x}: SELECT {}: a start with fewer than {} databases ends here ({} if `databases` does not say so)",
            report.databases_at, report.databases - 1, report.databases, usual);
    }
    if (!report.refusal.empty()) say("0x{:16x}: {}", report.refusal_at, report.refusal);
    if (whole && report.refusal.empty()) {
        if (report.seals > 0) say("{} seals, the last one at {}, match", report.seals, report.sealed);
        say("{} {} is valid", what, report.name);
        return true;
    }
    report.status = "invalid";
    if (whole) {
        say("AOF {} is not valid. Its form is good, there is nothing to cut: a server that knows the command loads it.",
            report.name);
        return false;
    }
    if (options_.fix) return fix(report, path, last) && (report.refusal.empty() || report.refusal_at >= report.good);
    say("AOF {} is not valid. Use the --fix option to try fixing it.", report.name);
    return false;
}

bool Checker::fix(Report& report, const std::string& path, bool last) {
    if (!last) {
        trouble_ = fmt::format("Failed to truncate AOF {} because it is not the last file", report.name);
        return false;
    }
    if (!options_.json) {
        fmt::print(out_, "This will shrink the AOF {} from {} bytes, with {} bytes, to {} bytes\nContinue? [y/N]: ",
                   report.name, report.size, report.size - report.good, report.good);
        std::fflush(out_);
        const int answer = std::fgetc(in_);
        if (answer != 'y' && answer != 'Y') {
            say("Aborting...");
            return false;
        }
    }
    if (const Status done = cut(path, report.good); !done) {
        trouble_ = fmt::format("Failed to truncate AOF {}: {}", report.name, done.error().text());
        return false;
    }
    report.status = "truncated";
    say("Successfully truncated AOF {}", report.name);
    return true;
}

Status Checker::cut(const std::string& path, std::uint64_t size) {
    KEEL_TRY(auto file, files_.open_append(path));
    KEEL_TRY(file->truncate(size));
    return file->sync();
}

void Checker::show_progress(const aof::LogReader& reader, const std::string& name) {
    const std::int64_t now = clock_.steady_us();
    if (now < next_progress_us_ || reader.size() == 0) return;
    next_progress_us_ = now + kProgressEveryUs;
    fmt::print(progress_, "[offset {}] {}: {} %\n", reader.position(), name, 100 * reader.position() / reader.size());
    std::fflush(progress_);
}

void Checker::say_json(bool valid) {
    std::string files;
    for (const Report& report : reports_) {
        if (!files.empty()) files += ",";
        files += fmt::format(
            "\n    {{\"name\": {}, \"type\": \"{}\", \"status\": \"{}\", \"size\": {}, \"ok_up_to\": {}, \"commands\": "
            "{}, "
            "\"seals\": {}, \"sealed_up_to\": {}, \"first_timestamp\": {}, \"last_timestamp\": {}, \"databases\": {}, "
            "\"databases_at\": {}",
            json_text(report.name), report.type, report.status, report.size, report.good, report.commands, report.seals,
            report.sealed, json_number(report.first_timestamp), json_number(report.last_timestamp), report.databases,
            report.databases_at);
        if (!report.refusal.empty()) {
            files += fmt::format(", \"refusal\": {}, \"refusal_at\": {}", json_text(report.refusal), report.refusal_at);
        }
        if (!report.problem.empty()) {
            files += fmt::format(", \"problem\": {}, \"problem_at\": {}", json_text(report.problem), report.problem_at);
        }
        files += "}";
    }
    fmt::print(out_, "{{\n  \"valid\": {},\n", valid);
    if (is_log_) fmt::print(out_, "  \"manifest\": {},\n", json_text(options_.path));
    if (!trouble_.empty()) fmt::print(out_, "  \"problem\": {},\n", json_text(trouble_));
    fmt::print(out_, "  \"files\": [{}\n  ]\n}}\n", files);
}

}  // namespace keel::check_aof
