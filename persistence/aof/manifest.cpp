// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/manifest.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <algorithm>

#include "protocol/base/number.h"
#include "protocol/base/words.h"

namespace keel::aof {

namespace {

// What Redis says of a manifest that it does not take.
constexpr ErrorText kEmpty{"Found an empty AOF manifest"};
constexpr ErrorText kTooLong{"The AOF manifest file contains too long line"};
constexpr ErrorText kFormat{"Invalid AOF manifest file format"};
constexpr ErrorText kPath{"File can't be a path, just a filename"};
constexpr ErrorText kTwoBases{"Found duplicate base file information"};
constexpr ErrorText kOrder{"Found a non-monotonic sequence number"};
constexpr ErrorText kType{"Unknown AOF file type"};
constexpr ErrorText kWrongSum{
    "The checksum of the AOF manifest does not match: it was damaged. If it was changed on purpose, remove the line "
    "that "
    "begins with #KEEL-MANIFEST"};

constexpr Bytes kSeal = "#KEEL-MANIFEST:";

// XXH3 of what stands before the line.
std::string seal_of(Bytes text) { return fmt::format("{}{:016x}\n", kSeal, XXH3_64bits(text.data(), text.size())); }

Bytes trimmed(Bytes line) {
    constexpr Bytes kBlanks = " \t\r\n";
    const std::size_t first = line.find_first_not_of(kBlanks);
    if (first == Bytes::npos) return {};
    return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

bool needs_quotes(Bytes name) {
    return name.empty() || std::any_of(name.begin(), name.end(), [](char c) {
               return c <= ' ' || c >= 0x7f || c == '\\' || c == '"' || c == '\'';
           });
}

void append_line(std::string& out, const LogFile& file, char type) {
    out += "file ";
    if (needs_quotes(file.name))
        append_quoted(out, file.name);
    else
        out += file.name;
    out += fmt::format(" seq {} type {}\n", file.seq, type);
}

}  // namespace

Result<Manifest> Manifest::parse(Bytes text) {
    if (text.empty()) return kEmpty;
    Manifest manifest;
    const Bytes whole = text;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const Bytes line = text.substr(0, end);
        const Bytes before = whole.substr(0, whole.size() - text.size());
        text.remove_prefix(end == Bytes::npos ? text.size() : end + 1);
        if (line.starts_with(kSeal) && trimmed(line) != trimmed(seal_of(before))) return kWrongSum;
        if (line.starts_with('#')) continue;
        if (end == Bytes::npos || line.size() >= kMostLineBytes) return kTooLong;
        if (const Status added = manifest.add_line(line); !added) {
            const Bytes shown = trimmed(line);
            if (shown.empty()) return added.error();
            return Error{fmt::format("Reading the manifest file, at line {}\n>>> '{}'\n{}", number, shown,
                                     added.error().text())};
        }
    }
    return manifest;
}

Status Manifest::add_line(Bytes line) {
    std::vector<std::string> words;
    // A zero byte would end the line for split_words: what stands behind it must not pass unread.
    if (line.find('\0') != Bytes::npos || !split_words(trimmed(line), words)) return kFormat;
    if (words.size() < 6 || words.size() % 2 != 0) return kFormat;
    LogFile file;
    char type = '\0';
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const std::string& value = words[i + 1];
        if (equal_nocase(words[i], "file")) {
            if (value.find_first_of("/\\") != std::string::npos) return kPath;
            file.name = value;
        } else if (equal_nocase(words[i], "seq")) {
            file.seq = parse_integer(value).value_or(0);
        } else if (equal_nocase(words[i], "type")) {
            type = value.empty() ? '\0' : value[0];
        }
    }
    if (file.name.empty() || file.name.find('\0') != std::string::npos || file.name == "." || file.name == "..") {
        return kFormat;
    }
    if (file.seq <= 0 || type == '\0') return kFormat;
    return place(std::move(file), type);
}

Status Manifest::place(LogFile file, char type) {
    switch (type) {
        case 'b':
            if (base_) return kTwoBases;
            base_seq_ = std::max(base_seq_, file.seq);
            base_ = std::move(file);
            return {};
        case 'h': history_.push_back(std::move(file)); return {};
        case 'i':
            if (file.seq <= incremental_seq_) return kOrder;
            incremental_seq_ = file.seq;
            incremental_.push_back(std::move(file));
            return {};
        default: return kType;
    }
}

std::string Manifest::text() const {
    std::string out;
    if (base_) append_line(out, *base_, 'b');
    for (const LogFile& file : history_) append_line(out, file, 'h');
    for (const LogFile& file : incremental_) append_line(out, file, 'i');
    return out;
}

std::string Manifest::sealed_text() const {
    std::string out = text();
    return out += seal_of(out);
}

std::vector<LogFile> Manifest::files() const {
    std::vector<LogFile> out;
    if (base_) out.push_back(*base_);
    out.insert(out.end(), incremental_.begin(), incremental_.end());
    return out;
}

const LogFile& Manifest::add_incremental(Bytes prefix) {
    const std::int64_t seq = ++incremental_seq_;
    return incremental_.emplace_back(LogFile{fmt::format("{}.{}.incr.aof", prefix, seq), seq});
}

std::string Manifest::next_base_name(Bytes prefix, bool rdb) const {
    return fmt::format("{}.{}.base.{}", prefix, base_seq_ + 1, rdb ? "rdb" : "aof");
}

void Manifest::replace_base(Bytes prefix, bool rdb, std::int64_t first_kept) {
    if (base_) history_.insert(history_.begin(), *base_);
    std::string name = next_base_name(prefix, rdb);
    base_ = LogFile{std::move(name), ++base_seq_};
    const auto kept = std::find_if(incremental_.begin(), incremental_.end(),
                                   [&](const LogFile& file) { return file.seq >= first_kept; });
    for (auto file = incremental_.begin(); file != kept; ++file) history_.insert(history_.begin(), *file);
    incremental_.erase(incremental_.begin(), kept);
}

void Manifest::adopt_old_file(Bytes name) {
    base_seq_ = std::max<std::int64_t>(base_seq_, 1);
    base_ = LogFile{std::string{name}, 1};
}

void Manifest::drop_incremental_after(std::int64_t last_kept) {
    std::erase_if(incremental_, [&](const LogFile& file) { return file.seq > last_kept; });
}

void Manifest::forget_history(Bytes name) {
    std::erase_if(history_, [&](const LogFile& file) { return file.name == name; });
}

}  // namespace keel::aof
