// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/log.h"

#include <fmt/core.h>

#include <utility>

#include "protocol/base/log.h"

namespace keel::aof {

namespace {

constexpr std::int64_t kSecondMs = 1000;
// What is kept to be used again: as much as waits for the disk under load, little when nothing does.
constexpr std::size_t kMostSpare = 1 << 20;
constexpr std::uint64_t kMostSpares = Log::kSyncAtKept;

}  // namespace

Log::Log(Folder folder, const Aof& settings, Helper& helper, DurabilityListener& listener)
    : folder_(std::move(folder)), settings_(settings), helper_(helper), listener_(listener) {}

Log::~Log() = default;

// ---- life

Status Log::open(Manifest manifest, const Chain& chain, std::int64_t now_ms) {
    KEEL_CHECK(mode_ == Mode::off);
    manifest_ = std::move(manifest);
    chain_ = chain;
    KEEL_TRY(folder_.files().make_folder(folder_.path()));
    if (manifest_.incremental().empty()) {
        const std::shared_ptr<NewFile> plan = plan_file();
        KEEL_TRY(make_file(*plan));
        use_file(*plan);
    } else {
        KEEL_TRY(open_current(now_ms));
    }
    KEEL_TRY(const std::uint64_t all, folder_.bytes(manifest_));
    earlier_bytes_ = all - std::min(all, chain_.position());
    base_bytes_ = 0;
    if (manifest_.base()) {
        KEEL_TRY(base_bytes_, folder_.files().size(folder_.path_of(manifest_.base()->name)));
    }
    now_ms_ = last_sync_ms_ = last_seal_ms_ = now_ms;
    mode_ = Mode::on;
    return {};
}

// The last incremental file, which the replay has read to its end.
Status Log::open_current(std::int64_t) {
    const LogFile& last = manifest_.incremental().back();
    KEEL_TRY(auto file, folder_.files().open_append(folder_.path_of(last.name)));
    KEEL_TRY(const std::uint64_t size, folder_.files().size(folder_.path_of(last.name)));
    if (size != chain_.position()) {
        return Error{
            fmt::format("The append only file {} has {} bytes where {} were loaded: something else writes to it",
                        last.name, size, chain_.position())};
    }
    // Whoever wrote its end may not have waited for the disk.
    KEEL_TRY(file->sync());
    file_ = std::move(file);
    seq_ = last.seq;
    durable_ = chain_;
    return {};
}

Status Log::secure(std::int64_t now_ms) {
    now_ms_ = now_ms;
    if (mode_ != Mode::on) return {};
    hear_all();
    if (!refusal_ && put_buffer(true)) {
        if (const Status synced = file_->sync(); !synced) {
            fail(Trouble::sync, synced.error());
        } else {
            dirty_ = false;
            last_sync_ms_ = now_ms_;
            durable_ = chain_;
            on_durable();
        }
    }
    return refusal_ ? Status{Error{*refusal_}} : Status{};
}

// Until no job runs, nor one that the end of another has begun.
void Log::hear_all() {
    while (changing_ || syncs_.any()) helper_.drain();
}

Status Log::close() {
    if (mode_ == Mode::off) return {};
    hear_all();
    if (mode_ == Mode::waiting) {
        abandon_waiting();
        return {};
    }
    Status closed;
    if (!file_) file_ = std::move(previous_);  // the next one will not be used
    if (trouble_ == Trouble::sync) {
        closed = Error{*refusal_};
    } else {
        if (!put_buffer(true)) closed = Error{*refusal_};
        // Whatever became of the end: what is in the file before it goes to the disk.
        if (const Status synced = file_->sync(); synced) {
            durable_ = chain_;
            on_durable();
        } else if (closed) {
            closed = Error{synced.error()};
        }
    }
    mode_ = Mode::off;
    file_.reset();
    drop_kept();
    buffer_.clear();
    buffered_ = 0;
    syncs_.close_files();
    dirty_ = changing_ = hole_ = uncut_ = false;
    trouble_ = Trouble::none;
    refusal_.reset();
    return closed;
}

// ---- each turn

void Log::append(Bytes commands, int selected, std::int64_t now_ms) {
    if (mode_ == Mode::off) return;
    stamp(now_ms);
    buffer_ += commands;
    buffered_ += commands.size();
    appended_db_ = selected;
}

void Log::append(std::string&& commands, int selected, std::int64_t now_ms) {
    const std::size_t size = commands.size();
    if (mode_ != Mode::off) stamp(now_ms);
    if (mode_ == Mode::off || !buffer_.empty()) {
        append(Bytes{commands}, selected, now_ms);
    } else {
        std::swap(buffer_, commands);
        buffered_ += size;
        appended_db_ = selected;
    }
    commands.clear();
}

void Log::stamp(std::int64_t now_ms) {
    if (!settings_.timestamps || now_ms / kSecondMs <= last_timestamp_) return;
    last_timestamp_ = now_ms / kSecondMs;
    buffer_ += fmt::format("#TS:{}\r\n", last_timestamp_);
}

void Log::write(std::int64_t now_ms) {
    now_ms_ = now_ms;
    if (mode_ == Mode::off) return;
    if (trouble_ != Trouble::none) {
        retry();
        return;
    }
    if (!file_) return;  // what comes belongs to the next one: truth 6
    if (!buffer_.empty() && !write_postponed()) {
        const bool due = gone_by(last_seal_ms_, kSecondMs);
        if (!put_buffer(always() || due)) return;
    }
    sync_if_due();
}

bool Log::write_postponed() {
    if (sync_failed_->load()) return true;
    if (!syncs_.any() || settings_.fsync == Aof::Fsync::no) return false;
    if (always()) {  // the next group: on_synced() comes back
        const std::uint64_t under_way = chain_.offset() - durable_.offset();
        return when_synced_ || !syncs_.has_room_for(buffered_, under_way, file_, now_ms_);
    }
    if (postponed_ms_ == 0) postponed_ms_ = now_ms_;
    if (!gone_by(postponed_ms_, kMostPostponedMs)) return true;
    ++delayed_syncs_;
    log_notice(
        "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync "
        "to "
        "complete, this may slow down the server.");
    return false;
}

// Writes the buffer, with a seal behind it if asked for or if much is unsealed. False: it failed, and the buffer is as
// it was.
bool Log::put_buffer(bool seal) {
    postponed_ms_ = 0;
    if (const Status cut = cut_back(); !cut) return fail(Trouble::write, cut.error()), false;
    Chain next = chain_;
    if (next.position() == 0) {
        const std::string line = next.start_line();
        next.add(line);
        if (const Status written = append_to_file(line); !written) return failed_write(written.error()), false;
        chain_ = next;
    }
    next.add(buffer_);
    next.advance(buffered_);
    const std::size_t size = buffer_.size();
    const bool sealed = next.unsealed() > 0 && (seal || next.unsealed() >= kSealEvery);
    if (sealed) buffer_ += next.seal();
    const Status written = append_to_file(buffer_);
    buffer_.resize(size);
    if (!written) return failed_write(written.error()), false;
    if (sealed) last_seal_ms_ = now_ms_;
    dirty_ = dirty_ || next.position() != chain_.position();
    chain_ = next;
    keep_buffer();
    return true;
}

// Cuts off what a failed write left: truth 3.
Status Log::cut_back() {
    if (!uncut_) return {};
    KEEL_TRY(file_->truncate(chain_.position()));
    uncut_ = false;
    return {};
}

Status Log::append_to_file(Bytes bytes) {
    const Status written = append_all(*file_, bytes);
    return written ? Status{} : Status{written.error()};
}

void Log::keep_buffer() {
    if (buffer_.empty()) return;  // a seal by itself
    if (keeps() && kept_bytes_ + buffer_.size() <= kMostKept) {
        kept_bytes_ += buffer_.size();
        kept_stream_ += buffered_;
        kept_.push_back({std::move(buffer_), buffered_, written_db_});
        next_buffer();
    } else {
        drop_kept();  // truth 4
    }
    written_db_ = appended_db_;
    if (buffer_.capacity() > kMostSpare) buffer_ = {};
    buffer_.clear();
    buffered_ = 0;
}

void Log::next_buffer() {
    buffer_ = {};
    if (spares_.empty()) return;
    buffer_ = std::move(spares_.back());
    spares_.pop_back();
    spare_bytes_ -= buffer_.capacity();
}

void Log::spare(std::string buffer) {
    if (buffer.capacity() > kMostSpare || spare_bytes_ + buffer.capacity() > kMostSpares) return;
    buffer.clear();
    spare_bytes_ += buffer.capacity();
    spares_.push_back(std::move(buffer));
}

void Log::drop_kept() {
    kept_.clear();
    kept_bytes_ = 0;
    kept_stream_ = 0;
}

// ---- sync

void Log::sync_if_due() {
    if (mode_ != Mode::on || !dirty_ || sync_suspended()) return;
    if (syncs_.any() && (!always() || when_synced_ || !syncs_.has_room(file_, now_ms_))) return;
    switch (settings_.fsync) {
        case Aof::Fsync::no:
            if (chain_.unsealed() > 0 && gone_by(last_seal_ms_, kSecondMs)) static_cast<void>(put_buffer(true));
            return;
        case Aof::Fsync::always: break;
        case Aof::Fsync::everysec:
            if (!gone_by(last_sync_ms_, kSecondMs) && kept_bytes_ < kSyncAtKept) return;
            // What is durable is sealed.
            if (chain_.unsealed() > 0 && buffer_.empty() && !put_buffer(true)) return;
            break;
    }
    start_sync();
}

void Log::start_sync() {
    const auto done = [this](const SyncLanes::Done& sync) { on_synced(sync); };
    if (!syncs_.begin(file_, chain_, now_ms_, sync_failed_, done)) return;
    dirty_ = false;
    last_sync_ms_ = now_ms_;
}

void Log::on_synced(const SyncLanes::Done& sync) {
    if (!syncs_.any()) sync_failed_->store(false);
    const bool current = sync.file == (file_ ? file_ : previous_);
    if (!sync.status) {
        fail(Trouble::sync, sync.status.error());
    } else if (trouble_ != Trouble::sync && current && sync.point.position() > durable_.position()) {
        // After a failed sync a good one says nothing about what was before it.
        durable_ = sync.point;
        on_durable();
    }
    if (!syncs_.any()) {
        if (const auto waited = std::exchange(when_synced_, {})) waited();
    }
    // The next group of "always", or what a sync held up.
    if (trouble_ == Trouble::none && !buffer_.empty()) write(now_ms_);
}

// durable_ has moved.
void Log::on_durable() {
    while (!kept_.empty() && durable_.offset() + kept_stream_ > chain_.offset()) {
        Kept& first = kept_.front();
        kept_bytes_ -= first.bytes.size();
        kept_stream_ -= first.stream_bytes;
        spare(std::move(first.bytes));
        kept_.pop_front();
    }
    while (kept_.empty() && spare_bytes_ > kMostSpare) {  // nobody writes any more
        spare_bytes_ -= spares_.back().capacity();
        spares_.pop_back();
    }
    listener_.on_durable(durable_.offset());
}

std::optional<std::uint64_t> Log::reply_offset() const {
    const bool synced = mode_ == Mode::on && always() && !sync_suspended();
    if (synced || switching_slowly()) return appended_offset();
    return std::nullopt;
}

}  // namespace keel::aof
