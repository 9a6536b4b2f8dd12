// SPDX-License-Identifier: BSD-3-Clause
//
// From one file of the log to the next: when a rewrite begins and ends, and when a log begins.
#include <fmt/core.h>

#include <limits>
#include <utility>

#include "persistence/aof/log.h"
#include "persistence/aof/new_file.h"
#include "protocol/base/log.h"

namespace keel::aof {

namespace {

constexpr ErrorText kBusy{"another change of the AOF's files is under way"};
constexpr ErrorText kNotOn{"the AOF is not on"};

Status cut_file(FileSystem& files, const std::string& path, std::uint64_t size) {
    KEEL_TRY(auto file, files.open_append(path));
    KEEL_TRY(file->truncate(size));
    return file->sync();
}

}  // namespace

namespace {

// Lists the next incremental file and makes it, empty. A file of that name can be left from a life that ended before
// the manifest listed it: its number is skipped.
Result<std::shared_ptr<AppendFile>> make_next(const Folder& folder, Manifest& manifest) {
    for (;;) {
        Manifest next = manifest;
        const std::string path = folder.path_of(next.add_incremental(folder.prefix()).name);
        KEEL_TRY(const bool taken, folder.files().exists(path));
        if (taken) {
            manifest.skip_incremental();
            continue;
        }
        KEEL_TRY(std::shared_ptr<AppendFile> file, folder.files().create(path));
        manifest = std::move(next);
        return file;
    }
}

}  // namespace

std::string Log::file_path() const {
    return mode_ == Mode::waiting ? folder_.temporary_incremental()
                                  : folder_.path_of(manifest_.incremental().back().name);
}

std::shared_ptr<Log::NewFile> Log::plan_file() {
    auto plan = std::make_shared<NewFile>(folder_);
    plan->manifest = manifest_;
    plan->chain = chain_;
    plan->chain.begin_file();
    return plan;
}

// On the helper. Order matters: see Folder, truth 1.
Status Log::make_file(NewFile& plan) {
    FileSystem& files = plan.folder.files();
    if (plan.sync_first) {
        if (const Status synced = plan.sync_first->sync(); !synced) {
            plan.old_sync_failed = true;
            return Error{synced.error()};
        }
    }
    if (plan.file) return {};  // it was prepared
    Manifest next = plan.manifest;
    KEEL_TRY(std::shared_ptr<AppendFile> file, make_next(plan.folder, next));
    const std::string& path = file->path();
    Status made = append_all(*file, plan.bytes);
    if (made && !plan.bytes.empty()) made = file->sync();
    if (made) made = files.sync_folder(plan.folder.path());
    if (made && plan.cut_old_at.value_or(0) > 0) made = cut_file(files, plan.old_path, *plan.cut_old_at);
    if (!made) {
        static_cast<void>(files.remove(path));  // the manifest does not know of it
        return made;
    }
    if (Status saved = plan.folder.save(next); !saved) {
        // The disk may have either manifest now. What it lists beyond ours is a file that is there, and as long as the
        // old one is written, the new one is empty: both load (prepare_segment() lives by that). Try to put ours back
        // all the same.
        if (!plan.cut_old_at && !plan.manifest.empty()) static_cast<void>(plan.folder.save(plan.manifest));
        return saved;
    }
    if (plan.cut_old_at == 0) static_cast<void>(files.remove(plan.old_path));
    plan.manifest = std::move(next);
    plan.file = std::move(file);
    return {};
}

// The manifest on the disk lists it.
void Log::use_file(const NewFile& made) {
    file_ = made.file;
    previous_.reset();
    manifest_ = made.manifest;
    seq_ = manifest_.incremental().back().seq;
    earlier_bytes_ += made.cut_old_at.value_or(chain_.position());
    chain_ = durable_ = made.chain;
    syncs_.close_files();
    dirty_ = uncut_ = false;
    last_sync_ms_ = now_ms_;
}

Status Log::prepare_segment(std::int64_t now_ms, std::function<void(Status)> ready) {
    now_ms_ = now_ms;
    if (mode_ != Mode::on) return kNotOn;
    if (refusal_) return Error{*refusal_};
    if (changing_ || !file_) return kBusy;
    const std::shared_ptr<NewFile> plan = plan_file();
    changing_ = true;
    helper_.run(
        [plan] { return make_file(*plan); },
        if_alive([this, plan, ready = std::move(ready)](const Status& status) { on_prepared(status, plan, ready); }));
    return {};
}

void Log::on_prepared(const Status& status, const std::shared_ptr<NewFile>& made, const Done& ready) {
    if (status && syncs_.any()) {  // its end first: nothing should be written behind what a failed one forgets
        when_synced_ = [this, made, ready] { on_prepared({}, made, ready); };
        return;
    }
    changing_ = false;
    if (status && trouble_ == Trouble::none) {
        prepared_ = made;
        ready({});
        if (!std::exchange(prepared_, nullptr)) return;
    } else {
        ready(status ? Error{*refusal_} : Error{status.error()});
    }
    manifest_.skip_incremental();
}

Status Log::begin_segment(std::int64_t now_ms, std::function<void(Status)> done) {
    now_ms_ = now_ms;
    if (mode_ != Mode::on) return kNotOn;
    if (refusal_) return Error{*refusal_};
    if (changing_ || sync_failed_->load()) return kBusy;
    // All that was appended so far belongs to the old file.
    if (!put_buffer(true)) return Error{*refusal_};
    const std::shared_ptr<NewFile> plan = prepared_ ? std::exchange(prepared_, nullptr) : plan_file();
    plan->chain = chain_;
    plan->chain.begin_file();
    plan->sync_first = file_;
    previous_ = std::move(file_);
    file_.reset();
    switched_ms_ = now_ms_;
    changing_ = true;
    helper_.run(
        [plan] { return make_file(*plan); },
        if_alive([this, plan, done = std::move(done)](const Status& status) { on_segment(status, plan, done); }));
    return {};
}

void Log::on_segment(const Status& status, const std::shared_ptr<NewFile>& made, const Done& done) {
    changing_ = false;
    // A sync that was under way when this began may have failed: then the one in the job says nothing (truth 3 of
    // file_system.h), and the old file is cut and followed by another one, as ever.
    if (status && trouble_ == Trouble::none) {
        use_file(*made);
        log_notice("Creating AOF incr file {} on background rewrite", manifest_.incremental().back().name);
        on_durable();
        done({});
        write(now_ms_);
        return;
    }
    file_ = std::move(previous_);
    manifest_.skip_incremental();
    if (!status && made->old_sync_failed) fail(Trouble::sync, status.error());
    if (status)
        done(Error{*refusal_});
    else
        done(Error{status.error()});
    write(now_ms_);
}

// ---- a log that begins beside data

Status Log::open_waiting(Manifest manifest) {
    KEEL_CHECK(mode_ == Mode::off || hole_);
    if (mode_ == Mode::on) {
        cut_current_later();
    } else {
        manifest_ = std::move(manifest);
    }
    FileSystem& files = folder_.files();
    KEEL_TRY(files.make_folder(folder_.path()));
    KEEL_TRY(const bool left_over, files.exists(folder_.temporary_incremental()));
    if (left_over) {
        KEEL_TRY(files.remove(folder_.temporary_incremental()));
    }
    KEEL_TRY(file_, files.create(folder_.temporary_incremental()));
    // A chain of its own: what is before it will be no part of the log.
    Chain fresh;
    fresh.adopt(chain_.offset() + buffered_, 0);
    chain_ = durable_ = fresh;
    buffer_.clear();
    buffered_ = 0;
    drop_kept();
    syncs_.close_files();
    dirty_ = uncut_ = false;
    earlier_bytes_ = 0;
    trouble_ = Trouble::none;  // with a hole the refusal stays
    mode_ = Mode::waiting;
    return {};
}

// The old log, as far as it is known to be on the disk, is what a crash would bring back until the new base is there.
void Log::cut_current_later() {
    helper_.run([folder = folder_, path = file_path(),
                 size = durable_.position()] { return cut_file(folder.files(), path, size); },
                [](const Status&) {});
}

void Log::abandon_waiting() {
    if (mode_ != Mode::waiting) return;
    static_cast<void>(folder_.files().remove(folder_.temporary_incremental()));
    file_.reset();
    buffer_.clear();
    buffered_ = 0;
    trouble_ = Trouble::none;
    if (!hole_) refusal_.reset();  // with a hole writes stay refused: open_waiting() again is the way out
    mode_ = Mode::off;
}

// ---- the end of a rewrite

namespace {

struct Install {
    explicit Install(const Folder& log_folder) : folder(log_folder) {}
    Folder folder;
    Manifest manifest;  // the new one; once done, without history
    std::string temporary;
    std::string base;
    std::string temporary_incremental;  // of Mode::waiting, else empty
    std::shared_ptr<AppendFile> incremental;
    std::shared_ptr<AppendFile> sync_first;
    bool keep_history = false;
    bool first = false;   // there was no manifest, or one that lists nothing
    bool listed = false;  // though it failed, the manifest on the disk is the new one
    std::uint64_t base_bytes = 0;
};

// A manifest lists only what is there. So a log that begins lists an empty file first; what was written meanwhile takes
// its place in one step. A crash before that step brings back the base. And what is there without a manifest is taken
// for a log that lost its own (Folder, truth 3).
Status list_files(Install& job) {
    FileSystem& files = job.folder.files();
    if (job.first) {
        KEEL_TRY(job.folder.save(Manifest{}));
    }
    KEEL_TRY(files.rename(job.temporary, job.base));
    const bool begins = !job.temporary_incremental.empty();
    if (begins) {
        KEEL_TRY(job.incremental, make_next(job.folder, job.manifest));
    }
    KEEL_TRY(files.sync_folder(job.folder.path()));
    KEEL_TRY(job.folder.save(job.manifest));
    if (!begins) return {};
    KEEL_TRY(files.rename(job.temporary_incremental, job.incremental->path()));
    return files.sync_folder(job.folder.path());
}

// After a failure: which manifest is on the disk? What it does not need goes again.
void take_back(Install& job) {
    const auto on_disk = job.folder.load();
    if (!on_disk) return;
    job.listed = on_disk->base() == job.manifest.base();
    if (job.listed) return;
    static_cast<void>(job.folder.files().remove(job.base));
    if (job.incremental) static_cast<void>(job.folder.files().remove(job.incremental->path()));
}

Status install(Install& job) {
    KEEL_TRY(job.base_bytes, job.folder.files().size(job.temporary));
    if (job.sync_first) {
        KEEL_TRY(job.sync_first->sync());
    }
    if (Status listed = list_files(job); !listed) {
        take_back(job);
        return listed;
    }
    if (job.keep_history) return {};
    Status removed = job.folder.remove_history(job.manifest);
    if (removed) removed = job.folder.remove_unlisted(job.manifest);
    if (!removed) log_warning("Can't remove history files of the AOF: {}", removed.error().text());
    return {};
}

}  // namespace

void Log::install_base(std::string temporary, bool rdb, std::int64_t first_kept, bool keep_history,
                       std::function<void(Status)> done) {
    if (changing_) return done(kBusy);
    const bool waiting = mode_ == Mode::waiting;
    auto job = std::make_shared<Install>(folder_);
    job->manifest = manifest_;
    job->first = manifest_.empty();
    job->manifest.replace_base(folder_.prefix(), rdb, waiting ? std::numeric_limits<std::int64_t>::max() : first_kept);
    job->temporary = std::move(temporary);
    job->base = folder_.path_of(job->manifest.base()->name);
    job->keep_history = keep_history;
    if (waiting) {
        // What is in the buffer goes in first, so that the file has its first line.
        if (!put_buffer(true)) return done(Error{*refusal_});
        job->temporary_incremental = folder_.temporary_incremental();
        job->sync_first = file_;
    }
    changing_ = true;
    helper_.run([job] { return install(*job); },
                if_alive([this, job, waiting, synced = chain_, done = std::move(done)](const Status& status) {
                    changing_ = false;
                    if (!status) {
                        if (job->listed) manifest_ = job->manifest;
                        manifest_.skip_base();
                        if (waiting) manifest_.skip_incremental();
                        return done(Error{status.error()});
                    }
                    manifest_ = job->manifest;
                    earlier_bytes_ = job->base_bytes;
                    base_bytes_ = earlier_bytes_ + chain_.position();
                    if (waiting) {
                        mode_ = Mode::on;
                        seq_ = manifest_.incremental().back().seq;
                        durable_ = synced;
                        hole_ = false;
                        if (refusal_ && trouble_ == Trouble::none) recovered();
                        on_durable();
                    }
                    done({});
                    write(now_ms_);
                }));
}

}  // namespace keel::aof
