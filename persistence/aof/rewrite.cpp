// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/aof/rewrite.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "persistence/aof/elapsed.h"
#include "protocol/base/log.h"

namespace keel::aof {

namespace {

constexpr ErrorText kRunning{"Background append only file rewriting already in progress"};
constexpr std::uint64_t kFailuresToPause = 3;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kMostPauseMinutes = 60;
constexpr std::int64_t kHealEveryMs = 1000;
constexpr std::int64_t kSpeakEveryMs = 30'000;
constexpr std::size_t kBlock = 64 * 1024;

}  // namespace

Rewrite::Rewrite(Log& log, const Aof& settings, Child& child, WriteBase write_base, std::function<void()> before_switch)
    : log_(log),
      settings_(settings),
      child_(child),
      write_base_(std::move(write_base)),
      before_switch_(std::move(before_switch)) {}

Rewrite::~Rewrite() = default;

Status Rewrite::start(std::int64_t now_ms, bool asked) {
    if (running() || pid_ != 0) return kRunning;  // a child that was told to stop may still be there
    now_ms_ = now_ms;
    loud_ = asked || scheduled_ || !heals() || passed(spoken_ms_, kSpeakEveryMs, now_ms);
    if (loud_ && heals()) spoken_ms_ = now_ms;
    scheduled_ = false;
    ++rewrites_;
    rdb_ = settings_.rdb_preamble;
    segment_begun_ = child_good_ = cancelled_ = false;
    started_ms_ = now_ms;
    Status begun;
    if (log_.mode() == Log::Mode::on && !log_.needs_rewrite()) {
        state_ = State::preparing;
        begun = log_.prepare_segment(now_ms, then(&Rewrite::on_prepared));
    } else {
        state_ = State::running;
        begun = begin_log();
        // Between the two nothing happens: truth 1.
        if (begun) begun = fork();
    }
    if (!begun) failed_to_start(begun.error());
    return begun;
}

// A call of `this` from a completion, dropped if the rewrite is gone by then.
std::function<void(Status)> Rewrite::then(void (Rewrite::*call)(const Status&)) {
    return [this, call, alive = std::weak_ptr<char>(alive_)](const Status& status) {
        if (alive.lock()) (this->*call)(status);
    };
}

void Rewrite::failed_to_start(const Error& why) {
    if (loud_) log_warning("Can't rewrite append only file in background: {}", why.text());
    finish(false, true);
}

void Rewrite::on_prepared(const Status& prepared) {
    if (cancelled_) return finish(false, false);
    if (!prepared) return failed_to_start(prepared.error());
    state_ = State::running;
    if (const Status begun = switch_over(); !begun) failed_to_start(begun.error());
}

Status Rewrite::switch_over() {
    before_switch_();
    KEEL_TRY(log_.begin_segment(now_ms_, then(&Rewrite::on_segment)));
    return fork();
}

Status Rewrite::begin_log() {
    segment_begun_ = true;
    first_kept_ = std::numeric_limits<std::int64_t>::max();
    KEEL_TRY(log_.folder().files().make_folder(log_.folder().path()));
    if (!settings_.enabled) return {};  // a base for a log that is off: all that was is history
    if (log_.mode() == Log::Mode::waiting) log_.abandon_waiting();  // of a rewrite that failed
    return log_.open_waiting(log_.manifest());
}

Status Rewrite::fork() {
    auto pid = child_.start([this](int own_pid) { return in_child(own_pid); });
    if (!pid) return Error{pid.error()};
    pid_ = temporary_of_ = *pid;
    heard_ms_ = now_ms_;
    heard_bytes_ = 0;
    if (loud_) log_notice("Background append only file rewriting started by pid {}", pid_);
    return {};
}

Status Rewrite::in_child(int pid) {
    const std::string path = log_.folder().temporary_base(pid);
    FileSystem& files = log_.folder().files();
    KEEL_TRY(const bool left_over, files.exists(path));
    if (left_over) {
        KEEL_TRY(files.remove(path));
    }
    KEEL_TRY(auto file, files.create(path));
    KEEL_TRY(write_base_(*file));
    KEEL_TRY(file->sync());
    log_notice("Successfully created the temporary AOF base file {}", path);
    return {};
}

void Rewrite::on_segment(const Status& begun) {
    if (state_ != State::running) return;  // it was over before
    if (!begun) {
        log_warning("Background AOF rewrite can't begin a new file: {}", begun.error().text());
        if (pid_ != 0) child_.stop(pid_);
        finish(false, true);
        return;
    }
    segment_begun_ = true;
    first_kept_ = log_.current_seq();
    install_if_ready();
}

void Rewrite::on_child_done(int pid, ChildEnd end, std::int64_t now_ms) {
    if (pid == 0 || pid != pid_) return;
    now_ms_ = now_ms;
    pid_ = 0;
    if (state_ != State::running) {
        // Stopped after the rewrite was given up.
        static_cast<void>(log_.folder().files().remove(log_.folder().temporary_base(pid)));
        return;
    }
    child_good_ = end == ChildEnd::good && !cancelled_;
    if (child_good_) {
        log_notice("Background AOF rewrite terminated with success");
        install_if_ready();
    } else {
        if (loud_)
            log_warning("Background AOF rewrite terminated {}", end == ChildEnd::stopped ? "by signal" : "with error");
        finish(false, end != ChildEnd::stopped && !cancelled_);
    }
}

// Also asked by due(): another change of the manifest may have been under way.
void Rewrite::install_if_ready() {
    if (state_ != State::running || !segment_begun_ || !child_good_ || log_.busy()) return;
    state_ = State::installing;
    log_.install_base(log_.folder().temporary_base(temporary_of_), rdb_, first_kept_, settings_.disable_auto_gc,
                      [this, alive = std::weak_ptr<char>(alive_)](const Status& installed) {
                          if (!alive.lock()) return;
                          if (!installed && loud_) {
                              log_warning("Error installing the new AOF base file: {}", installed.error().text());
                          }
                          finish(installed.has_value(), true);
                      });
}

void Rewrite::cancel() {
    if (state_ != State::preparing && state_ != State::running) return;
    cancelled_ = true;
    if (pid_ != 0) child_.stop(pid_);
}

void Rewrite::finish(bool good, bool counts) {
    state_ = State::idle;
    last_duration_ms_ = std::max<std::int64_t>(0, now_ms_ - started_ms_);
    if (good) {
        log_notice("Background AOF rewrite finished successfully");
        last_good_ = true;
        failures_ = 0;
        return;
    }
    if (counts) {
        last_good_ = false;
        ++failures_;
    }
    if (temporary_of_ != 0 && pid_ == 0) {
        static_cast<void>(log_.folder().files().remove(log_.folder().temporary_base(temporary_of_)));
    }
}

bool Rewrite::heals() const { return log_.needs_rewrite() || (settings_.enabled && log_.mode() != Log::Mode::on); }

// It may be a slow disk as well as a child that is stuck: only a person can tell.
void Rewrite::warn_of_silence() {
    if (pid_ == 0 || !passed(heard_ms_, kMinuteMs, now_ms_)) return;
    heard_ms_ = now_ms_;
    const std::uint64_t bytes = log_.folder().files().size(log_.folder().temporary_base(pid_)).value_or(0);
    if (std::exchange(heard_bytes_, bytes) != bytes) return;
    log_warning("The child {} that rewrites the AOF has written nothing for a minute ({} bytes so far).", pid_, bytes);
}

bool Rewrite::due(std::int64_t now_ms) {
    now_ms_ = now_ms;
    warn_of_silence();
    install_if_ready();
    if (running() || pid_ != 0) return false;
    if (scheduled_) return true;
    if (heals()) return passed(started_ms_, kHealEveryMs, now_ms);
    if (log_.mode() != Log::Mode::on) return false;
    if (log_.refusal() || settings_.rewrite_percentage == 0) return false;
    const std::uint64_t now = log_.current_bytes();
    if (now <= settings_.rewrite_min_bytes) return false;
    const std::uint64_t base = std::max<std::uint64_t>(1, log_.base_bytes());
    const double growth = 100.0 * static_cast<double>(now) / static_cast<double>(base) - 100.0;
    return growth >= static_cast<double>(settings_.rewrite_percentage) && !limited(now_ms);
}

bool Rewrite::limited(std::int64_t now_ms) {
    if (failures_ < kFailuresToPause) {
        pause_minutes_ = 0;
        paused_at_ms_ = 0;
        return false;
    }
    if (paused_at_ms_ != 0) {
        if (!passed(paused_at_ms_, pause_minutes_ * kMinuteMs, now_ms)) return true;
        paused_at_ms_ = 0;
        return false;
    }
    pause_minutes_ = std::clamp<std::int64_t>(2 * pause_minutes_, 1, kMostPauseMinutes);
    paused_at_ms_ = now_ms;
    log_warning("Background AOF rewrite has repeatedly failed and triggered the limit, will retry in {} minutes",
                pause_minutes_);
    return true;
}

// ---- the base as commands

BaseWriter::BaseWriter(AppendFile& file, std::uint64_t stream_offset) : file_(file) {
    chain_.adopt(stream_offset, 0);
    buffer_ = chain_.start_line();
}

void BaseWriter::write(Bytes commands) {
    buffer_ += commands;
    stream_ += commands.size();
    if (buffer_.size() >= kBlock) flush(Chain::kSeal);
}

void BaseWriter::timestamp(std::int64_t seconds) { buffer_ += fmt::format("#TS:{}\r\n", seconds); }

Status BaseWriter::finish() {
    flush(Chain::kEnd);
    return failed_ ? Status{} : Status{failed_.error()};
}

void BaseWriter::flush(Bytes seal) {
    chain_.add(buffer_);
    chain_.advance(stream_);
    buffer_ += chain_.seal(seal);
    if (failed_) failed_ = append_all(file_, buffer_);
    buffer_.clear();
    stream_ = 0;
}

}  // namespace keel::aof
