// SPDX-License-Identifier: BSD-3-Clause
//
// The log while the disk fails: see the drawing in log.h.
#include <fmt/core.h>

#include <algorithm>

#include "persistence/aof/log.h"
#include "persistence/aof/new_file.h"
#include "protocol/base/log.h"
#include "protocol/base/number.h"
#include "protocol/resp/errors.h"
#include "protocol/resp/request_writer.h"

namespace keel::aof {

namespace {

constexpr std::int64_t kComplainEveryMs = 30'000;

}  // namespace

void Log::fail(Trouble trouble, const Error& why) {
    if (trouble_ == Trouble::none) retry_ms_ = kFirstRetryMs;
    trouble_ = std::max(trouble_, trouble);  // a file that a sync failed for stays distrusted
    if (trouble_ == Trouble::sync && kept_stream_ != chain_.offset() - durable_.offset()) hole_ = true;  // truth 4
    refusal_ = errors::misconf_aof(io_reason(why));
    retried_ms_ = now_ms_;
    if (last_complaint_ms_ == 0 || gone_by(last_complaint_ms_, kComplainEveryMs)) {
        last_complaint_ms_ = now_ms_;
        log_warning("Error writing to the AOF file: {}. Writes are refused until it works again.", why.text());
        if (hole_) log_warning("Part of the log may be lost: it is whole again after a rewrite.");
    }
    listener_.on_not_durable(*refusal_);
}

// What was tried is still in the buffer. What of it came to be in the file goes, now or before the next try.
void Log::failed_write(const Error& why) {
    uncut_ = !file_->truncate(chain_.position());
    fail(Trouble::write, why);
}

void Log::retry_later() {
    retry_ms_ = std::min(2 * retry_ms_, kMostRetryMs);
    retried_ms_ = now_ms_;
}

void Log::retry() {
    if (!gone_by(retried_ms_, retry_ms_) || changing_ || syncs_.any()) return;
    retry_later();
    if (trouble_ == Trouble::write)
        retry_write();
    else if (!hole_)
        start_recovery();
}

void Log::retry_write() {
    if (!cut_back()) return;
    const bool tried = !buffer_.empty() || chain_.unsealed() > 0;
    if (tried && !put_buffer(true)) return;
    recovered();
    sync_if_due();
}

void Log::recovered() {
    trouble_ = Trouble::none;
    if (hole_) return;  // writes are taken again when the rewrite is done
    refusal_.reset();
    last_complaint_ms_ = 0;
    log_warning("AOF write error looks solved, the server can write again.");
}

// A new incremental file with all that was kept; then the old one is cut at its last durable byte, and the manifest
// lists both. The new one is whole on the disk before the old one is cut: a crash in between loses nothing that a sync
// confirmed.
void Log::start_recovery() {
    const std::shared_ptr<NewFile> plan = plan_file();
    // A file of which nothing is durable, not even its first line, is no longer part of the log.
    plan->manifest.drop_incremental_after(durable_.position() > 0 ? seq_ : seq_ - 1);
    plan->old_path = file_path();
    plan->cut_old_at = durable_.position();
    plan->chain = durable_;
    plan->chain.begin_file();
    // Each file is read as by a new client, so it has to select. These bytes are in no stream: they are counted before
    // it.
    const int selected = kept_.empty() ? written_db_ : kept_.front().selected;
    std::string select;
    if (selected >= 0) append_request(select, {"SELECT", integer_text(selected)});
    plan->chain.adopt(durable_.offset() - select.size(), plan->chain.value());
    plan->bytes = plan->chain.start_line() + select;
    std::uint64_t stream = select.size();
    for (const Kept& kept : kept_) {
        plan->bytes += kept.bytes;
        stream += kept.stream_bytes;
    }
    plan->chain.add(plan->bytes);
    plan->chain.advance(stream);
    plan->bytes += plan->chain.seal();
    changing_ = true;
    helper_.run([plan] { return make_file(*plan); },
                if_alive([this, plan](const Status& status) { on_recovered(status, plan); }));
}

void Log::on_recovered(const Status& status, const std::shared_ptr<NewFile>& made) {
    changing_ = false;
    if (!status) {
        // Its name may be in the manifest on the disk by now: the next try takes another.
        manifest_.skip_incremental();
        fail(Trouble::sync, status.error());
        return;
    }
    use_file(*made);
    log_notice("The AOF goes on in the file {}", manifest_.incremental().back().name);
    recovered();
    on_durable();
    write(now_ms_);
}

}  // namespace keel::aof
