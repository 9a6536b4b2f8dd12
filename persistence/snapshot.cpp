// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/snapshot.h"

#include <fmt/format.h>
#include <unistd.h>

#include "persistence/rdb/snapshot_file.h"
#include "protocol/base/log.h"

namespace keel {

namespace {

// What goes through the pipe. Shorter than what the system writes in one piece.
struct Report {
    std::uint64_t keys;
    std::uint64_t copied_bytes;
};

// The child's side of the pipe.
class Reporter {
  public:
    Reporter(int pipe, const Clock& clock) : pipe_(pipe), clock_(clock), told_us_(clock.steady_us()) {}

    void add(std::uint64_t keys) {
        constexpr std::int64_t kEachUs = 100'000;
        keys_ += keys;
        const std::int64_t now = clock_.steady_us();
        if (now - told_us_ >= kEachUs) tell(now);
    }
    void finish() {
        measure_from_us_ = 0;
        tell(clock_.steady_us());
    }
    [[nodiscard]] std::uint64_t copied() const { return copied_; }

  private:
    // Measuring goes over all memory: it gets one part in twenty of the time at most.
    void tell(std::int64_t now) {
        constexpr std::int64_t kShare = 20;
        told_us_ = now;
        if (now >= measure_from_us_) {
            copied_ = private_bytes();
            const std::int64_t after = clock_.steady_us();
            measure_from_us_ = after + kShare * (after - now);
        }
        const Report report{keys_, copied_};
        // Full: the parent is busy, and hears the next one.
        [[maybe_unused]] const ssize_t written = ::write(pipe_, &report, sizeof(report));
    }

    int pipe_;
    const Clock& clock_;
    std::int64_t told_us_;
    std::int64_t measure_from_us_ = 0;
    std::uint64_t keys_ = 0;
    std::uint64_t copied_ = 0;
};

int save_in_child(FileSystem& files, const rdb::SnapshotContent& content, const std::string& path, int pipe,
                  const Clock& clock) {
    Reporter reporter{pipe, clock};
    const auto saved = rdb::save_snapshot(files, path, rdb::temporary_for(path, getpid()), content,
                                          [&reporter](std::uint64_t keys) { reporter.add(keys); });
    reporter.finish();
    if (!saved) {
        log_warning("Background saving failed: {}", saved.error().text());
        return 1;
    }
    log_notice("DB saved on disk: {} bytes, {} MB of memory copied on write", *saved, reporter.copied() >> 20);
    return 0;
}

}  // namespace

Status SnapshotChild::start(const rdb::SnapshotContent& content, const std::string& path,
                            const std::function<void()>& in_child) {
    const Status started = child_.start([&](int pipe) {
        in_child();
        return save_in_child(files_, content, path, pipe, clock_);
    });
    if (!started) return Error{fmt::format("Can't save in background: {}", started.error().text())};
    temporary_ = rdb::temporary_for(path, child_.pid());
    started_us_ = heard_us_ = clock_.steady_us();
    figures_.keys_written = 0;
    figures_.keys_total = content.keyspace.keys();
    figures_.copied_bytes = 0;
    figures_.copied_peak = 0;
    return {};
}

void SnapshotChild::hear() {
    Report report{};
    while (child_.read(report)) {
        figures_.keys_written = report.keys;
        figures_.copied_bytes = report.copied_bytes;
        figures_.copied_peak = std::max(figures_.copied_peak, report.copied_bytes);
        heard_us_ = figures_.copied_told_us = clock_.steady_us();
    }
}

void SnapshotChild::end() {
    figures_.last_copied_bytes = figures_.copied_bytes;
    figures_.copied_bytes = 0;
    figures_.copied_peak = 0;
    figures_.keys_written = 0;
    figures_.keys_total = 0;
}

// It may be a slow disk as well as a child that is stuck: only a person can tell.
void SnapshotChild::warn_of_silence() {
    constexpr std::int64_t kPatienceUs = 60'000'000;
    const std::int64_t now = clock_.steady_us();
    if (now - heard_us_ < kPatienceUs) return;
    heard_us_ = now;
    log_warning("The child {} that saves has written nothing for a minute ({} of {} keys). BGSAVE CANCEL ends it.",
                pid(), figures_.keys_written, figures_.keys_total);
}

std::optional<SnapshotChild::Outcome> SnapshotChild::poll() {
    if (!running()) return std::nullopt;
    hear();
    const auto ended = child_.poll();
    if (!ended) {
        warn_of_silence();
        return std::nullopt;
    }
    hear();  // its last words
    end();
    if (ended->good) {
        log_notice("Background saving terminated with success");
        return Outcome::saved;
    }
    static_cast<void>(files_.remove(temporary_));  // mostly the child did it
    if (ended->signal != 0)
        log_warning("Background saving terminated by signal {}", ended->signal);
    else
        log_warning("Background saving error");
    return Outcome::failed;
}

void SnapshotChild::cancel() {
    if (!running()) return;
    child_.kill();
    if (!child_.wait()) child_.abandon();
    end();
    static_cast<void>(files_.remove(temporary_));
}

}  // namespace keel
