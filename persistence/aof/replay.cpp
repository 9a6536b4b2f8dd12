// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/replay.h"

#include <fmt/core.h>

#include "protocol/base/log.h"

namespace keel::aof {

namespace {

constexpr Bytes kMagic = "REDIS";
constexpr Bytes kCheckTool = "keel-check-aof";

// Whether the file begins as an RDB file does. It stands behind what was looked at then.
Result<bool> begins_with_rdb(ReadFile& file) {
    char start[kMagic.size()];
    std::size_t filled = 0;
    while (filled < sizeof start) {
        KEEL_TRY(const std::size_t got, file.read(std::span{start}.subspan(filled)));
        if (got == 0) return false;
        filled += got;
    }
    return Bytes{start, sizeof start} == kMagic;
}

}  // namespace

Replay::Replay(const Folder& folder, Manifest manifest, bool load_truncated, Applier& applier, Preamble preamble,
               const Clock& clock)
    : folder_(folder),
      applier_(applier),
      preamble_(std::move(preamble)),
      clock_(clock),
      files_(manifest.files()),
      has_base_(manifest.base().has_value()),
      load_truncated_(load_truncated) {}

Result<bool> Replay::step(std::uint64_t budget) {
    if (!measured_) {
        KEEL_TRY(measure());
    }
    const std::uint64_t until = loaded_bytes() + budget;
    while (index_ < files_.size()) {
        if (!reader_) {
            KEEL_TRY(open_file());
        }
        KEEL_TRY(const bool whole, read(until));
        if (!whole) return false;
        next_file();
    }
    return true;
}

// All files are looked for before the first one is read.
Status Replay::measure() {
    for (const LogFile& file : files_) {
        KEEL_TRY(const bool there, folder_.files().exists(folder_.path_of(file.name)));
        if (!there) {
            return Error{fmt::format("The append log file {} doesn't exist: it is named in {}", file.name,
                                     folder_.manifest_path())};
        }
    }
    for (const LogFile& file : files_) {
        KEEL_TRY(const std::uint64_t size, folder_.files().size(folder_.path_of(file.name)));
        total_ += size;
    }
    measured_ = true;
    return {};
}

Status Replay::open_file() {
    applier_.reset();
    opened_us_ = clock_.steady_us();
    KEEL_TRY(auto file, folder_.files().open_read(folder_.path_of(files_[index_].name)));
    std::uint64_t offset = 0;
    KEEL_TRY(const bool rdb, begins_with_rdb(*file));
    KEEL_TRY(file->seek(0));
    if (rdb) {
        log_notice("Reading RDB base file on AOF loading...");
        if (!preamble_) return refused("it begins with an RDB part, which cannot be read here");
        auto end = preamble_(*file);
        if (!end) return refused(end.error().text());
        offset = *end;
        KEEL_TRY(file->seek(offset));
    }
    using Kind = LogReader::Kind;
    const bool first = index_ == (has_base_ ? 1 : 0);
    if (first) {
        // The chain of the incremental files is their own; only the stream's offset comes from the base.
        Chain fresh;
        fresh.adopt(chain_.offset(), 0);
        chain_ = fresh;
    }
    const Kind kind = is_base() ? Kind::base : first ? Kind::first_incremental : Kind::next_incremental;
    reader_ = std::make_unique<LogReader>(std::move(file), chain_, kind, offset);
    return {};
}

// True: to the end of the file.
Result<bool> Replay::read(std::uint64_t until) {
    for (;;) {
        const LogReader::Found found = reader_->next(words_);
        if (found == LogReader::Found::command) [[likely]] {
            batch_.push_back(reader_->request());
            positions_.push_back(reader_->position());
            if (batch_.size() < kBatch) continue;
            KEEL_TRY(apply());
            if (loaded_bytes() >= until) return false;
            continue;
        }
        KEEL_TRY(apply());
        if (found == LogReader::Found::drained) {
            reader_->refill();
            continue;
        }
        KEEL_TRY(end_of_file(found));
        return true;
    }
}

Status Replay::apply() {
    if (!batch_.empty()) {
        const Applier::Outcome outcome = applier_.apply(words_, batch_);
        commands_ += outcome.applied;
        if (!outcome.status) return apply_failed(outcome.applied, outcome.status.error());
        batch_.clear();
        positions_.clear();
    }
    words_.clear();
    return {};
}

Status Replay::apply_failed(std::size_t index, const Error& why) {
    const Request& request = batch_[index];
    const Bytes name = words_[request.first].substr(0, 64);
    return Error{fmt::format("{} reading the append only file {} (command '{}' at offset {})", why.text(), file(), name,
                             positions_[index])};
}

Status Replay::end_of_file(LogReader::Found found) {
    using Found = LogReader::Found;
    switch (found) {
        case Found::end: chain_ = reader_->chain(); return {};
        case Found::truncated: return cut();
        case Found::failed:
            return Error{
                fmt::format("Unrecoverable error reading the append only file {}: {}", file(), reader_->reason())};
        case Found::damaged:
            return Error{
                fmt::format("The append only file {} is damaged: {} (at offset {}; good and sealed up to offset {}). "
                            "Make a backup of "
                            "your AOF file, then use {} --fix <filename.manifest>",
                            file(), reader_->reason(), reader_->position(), reader_->sealed(), kCheckTool)};
        default:
            return Error{fmt::format(
                "Bad file format reading the append only file {}: make a backup of your AOF file, then use {} --fix "
                "<filename.manifest> (at offset {}: {}; good up to offset {})",
                file(), kCheckTool, reader_->position(), reader_->reason(), reader_->good())};
    }
}

// The file ends within a command or a transaction.
Status Replay::cut() {
    if (reader_->in_transaction()) log_warning("Revert incomplete MULTI/EXEC transaction in AOF file {}", file());
    applier_.reset();
    KEEL_TRY(const bool at_the_end, nothing_follows());
    if (!at_the_end) {
        return Error{fmt::format("Fatal error: the truncated file is not the last file ({}: {} at offset {})", file(),
                                 reader_->reason(), reader_->position())};
    }
    if (!load_truncated_) {
        return Error{
            fmt::format("Unexpected end of file reading the append only file {}. You can: 1) Make a backup of your AOF "
                        "file, then use "
                        "{} --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' "
                        "configuration option to "
                        "yes and restart the server. ({} at offset {}; good up to offset {})",
                        file(), kCheckTool, reader_->reason(), reader_->position(), reader_->good())};
    }
    log_warning("!!! Warning: short read while loading the AOF file {}!!!", file());
    log_warning("!!! Truncating the AOF {} at offset {} !!!", file(), reader_->good());
    KEEL_TRY(chain_, reader_->chain_at_good());
    KEEL_TRY(auto end, folder_.files().open_append(folder_.path_of(file())));
    KEEL_TRY(end->truncate(reader_->good()));
    KEEL_TRY(end->sync());
    truncated_ = true;
    log_warning("AOF {} loaded anyway because aof-load-truncated is enabled", file());
    return {};
}

// Whether the files behind this one are empty: a rewrite that began and whose first write never came.
Result<bool> Replay::nothing_follows() const {
    for (std::size_t i = index_ + 1; i < files_.size(); ++i) {
        KEEL_TRY(const std::uint64_t size, folder_.files().size(folder_.path_of(files_[i].name)));
        if (size > 0) return false;
    }
    return true;
}

void Replay::next_file() {
    log_notice("DB loaded from {} file {}: {:.3f} seconds", is_base() ? "base" : "incr", file(),
               static_cast<double>(clock_.steady_us() - opened_us_) / 1e6);
    before_ += reader_->size();
    reader_.reset();
    ++index_;
}

std::uint64_t Replay::loaded_bytes() const { return before_ + (reader_ ? reader_->position() : 0); }

Error Replay::refused(Bytes what) const {
    return Error{fmt::format("Error reading the RDB base file {}, AOF loading aborted: {}", file(), what)};
}

}  // namespace keel::aof
