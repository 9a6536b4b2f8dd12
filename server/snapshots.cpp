// SPDX-License-Identifier: BSD-3-Clause
#include "server/snapshots.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "datatypes/encodings/used_memory.h"
#include "persistence/rdb/snapshot_file.h"
#include "protocol/base/log.h"
#include "protocol/base/number.h"
#include "server/process.h"
#include "server/script/scripting.h"
#include "server/server.h"
#include "server/version.h"

namespace keel {

namespace {

constexpr ErrorText kAlready{"ERR Background save already in progress"};
constexpr ErrorText kNothingToCancel{"ERR Background saving is currently not in progress or scheduled"};
constexpr ErrorText kFailed{"ERR"};
constexpr ErrorText kOtherChild{
    "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a "
    "BGSAVE whenever possible."};

// What the writer of the file needed for its data; 0: it does not say.
std::uint64_t memory_told(const rdb::SnapshotLoader& loader) {
    for (const auto& [name, value] : loader.facts()) {
        if (name == "used-mem")
            return static_cast<std::uint64_t>(std::max<std::int64_t>(0, parse_integer(value).value_or(0)));
    }
    return 0;
}

}  // namespace

Snapshots::Snapshots(Server& server) : server_(server), child_(files_, server.clock) {
    figures_.last_save_s = server.clock.wall_ms() / 1000;
}

std::string Snapshots::path() const {
    return join_path(server_.settings.process.directory, server_.settings.snapshot.file);
}

rdb::SnapshotContent Snapshots::content(bool log_base) const {
    rdb::SnapshotContent content{.keyspace = server_.keyspace, .settings = server_.settings};
    content.facts = {{"redis-ver", std::string{kRedisVersion}},
                     {"redis-bits", integer_text(8 * sizeof(void*))},
                     {"ctime", integer_text(server_.clock.wall_ms() / 1000)},
                     {"used-mem", integer_text(static_cast<std::int64_t>(used_memory()))},
                     {"aof-base", log_base ? "1" : "0"},
                     {"keel-ver", std::string{kKeelVersion}}};
    for (const auto& [name, library] : server_.scripting->libraries.all()) content.libraries.push_back(library->code);
    return content;
}

// ---- Loading ----

Status Snapshots::add_library(Bytes code) {
    const auto loaded = server_.scripting->libraries.load(code, replacing_libraries_);
    if (loaded) return {};
    return Error{fmt::format("a library of functions cannot be loaded: {}", loaded.error().text())};
}

Status Snapshots::load() {
    const std::string file = path();
    KEEL_TRY(const bool there, files_.exists(file));
    if (!there) return {};
    KEEL_TRY(const std::uint64_t bytes, files_.size(file));
    const LoadingScope loading{server_.loading, bytes};
    return load_file(file, false);
}

Status Snapshots::load_file(const std::string& file, bool replace) {
    const std::int64_t started_us = server_.clock.steady_us();
    KEEL_TRY(rdb::FileSource source, rdb::FileSource::open(files_, file));
    rdb::Reader reader{source, source.size()};
    const auto& settings = server_.settings.snapshot;
    replacing_libraries_ = replace;
    server_.keyspace.set_now(server_.clock.wall_ms());
    rdb::SnapshotLoader loader{reader,
                               server_.keyspace,
                               *this,
                               server_.settings,
                               {.check_sum = settings.checksum && !server_.debug.skip_checksums,
                                .any_version = settings.version_check == Snapshot::VersionCheck::relaxed,
                                .replace = replace,
                                .key_delay_us = settings.key_load_delay_us}};
    if (const Status read = read_all(loader, reader); !read)
        return Error{fmt::format("Can't load {}: {}", file, read.error().text())};
    note_loaded(loader);
    log_notice("DB loaded from disk: {:.3f} seconds",
               static_cast<double>(server_.clock.steady_us() - started_us) / 1e6);
    return {};
}

Status Snapshots::read_all(rdb::SnapshotLoader& loader, const rdb::Reader& reader) {
    for (bool done = false; !done;) {
        KEEL_TRY(done, loader.step(static_cast<std::uint64_t>(server_.settings.snapshot.load_events_interval_bytes)));
        server_.loading.note_memory(memory_told(loader));
        KEEL_TRY(server_.loading.go_on(reader.offset()));
    }
    return {};
}

void Snapshots::note_loaded(const rdb::SnapshotLoader& loader) {
    const auto& loaded = loader.figures();
    figures_.keys_loaded = loaded.loaded;
    figures_.keys_expired = loaded.expired;
    log_notice("Done loading RDB, keys loaded: {}, keys expired: {}, empty keys skipped: {}.", loaded.loaded,
               loaded.expired, loaded.empty);
}

Result<std::uint64_t> Snapshots::load_part(ReadFile& file) {
    class Source final : public rdb::ByteSource {
      public:
        explicit Source(ReadFile& from) : from_(from) {}
        Result<std::size_t> read(char* to, std::size_t room) override { return from_.read({to, room}); }

      private:
        ReadFile& from_;
    };
    Source source{file};
    KEEL_TRY(const std::uint64_t bytes, file.size());
    rdb::Reader reader{source, bytes};
    replacing_libraries_ = false;
    server_.keyspace.set_now(server_.clock.wall_ms());
    const auto& settings = server_.settings.snapshot;
    rdb::SnapshotLoader loader{reader,
                               server_.keyspace,
                               *this,
                               server_.settings,
                               {.check_sum = settings.checksum && !server_.debug.skip_checksums,
                                .any_version = settings.version_check == Snapshot::VersionCheck::relaxed,
                                .drop_due = false,
                                .more_may_follow = true,
                                .key_delay_us = settings.key_load_delay_us}};
    KEEL_TRY(read_all(loader, reader));
    note_loaded(loader);
    return reader.offset();
}

Status Snapshots::reload(bool save_first, bool flush, bool merge) {
    if (save_first) {
        KEEL_TRY(save_now());
    }
    if (flush) {
        server_.keyspace.clear(false);
        static_cast<void>(server_.scripting->libraries.flush());
    }
    return load_file(path(), merge);
}

// ---- Saving ----

Status Snapshots::save_now() {
    const std::string file = path();
    ++figures_.saves;
    const auto saved =
        rdb::save_snapshot(files_, file, rdb::temporary_for(file, getpid()), content(), [](std::uint64_t) {});
    if (!saved) {
        log_warning("Saving failed: {}", saved.error().text());
        return saved.error();
    }
    log_notice("DB saved on disk");
    server_.stats.dirty = 0;
    figures_.last_save_s = server_.clock.wall_ms() / 1000;
    figures_.last_ok = true;
    return {};
}

Status Snapshots::start_child() {
    scheduled_ = false;
    ++figures_.saves;
    dirty_at_fork_ = server_.stats.dirty;
    figures_.last_try_s = server_.clock.wall_ms() / 1000;
    const Status started = child_.start(content(), path(), [this] { adjust_child(server_.settings.process); });
    if (!started) {
        figures_.last_ok = false;
        log_warning("{}", started.error().text());
        return started;
    }
    server_.keyspace.set_beside_child(true);
    log_notice("Background saving started by pid {}", child_.pid());
    return {};
}

Result<Snapshots::Begun> Snapshots::begin(bool may_wait, bool inside_transaction) {
    if (child_.running()) return kAlready;
    const bool other = server_.append_log.child_running();
    if (other && !may_wait && !inside_transaction) return kOtherChild;
    if (other || inside_transaction) {
        scheduled_ = true;
        return Begun::scheduled;
    }
    if (!start_child()) return kFailed;
    return Begun::started;
}

Result<Bytes> Snapshots::cancel() {
    if (child_.running()) {
        child_.cancel();
        ended(SnapshotChild::Outcome::cancelled);
        log_notice("Background saving cancelled");
        return Bytes{"Background saving cancelled"};
    }
    if (!std::exchange(scheduled_, false)) return kNothingToCancel;
    return Bytes{"Scheduled background saving cancelled"};
}

void Snapshots::note(const Effects& effects) {
    for (const int db : effects.flushed_databases()) flushed_ = flushed_ || db == -1;
}

void Snapshots::save_after_flush() {
    flushed_ = false;
    if (child_.running()) {
        child_.cancel();
        ended(SnapshotChild::Outcome::cancelled);
    }
    if (server_.settings.snapshot.save.empty()) return;
    static_cast<void>(save_now());  // which tells the log of a failure
}

void Snapshots::ended(SnapshotChild::Outcome outcome) {
    server_.keyspace.set_beside_child(false);
    const std::int64_t now_us = server_.clock.steady_us();
    figures_.last_took_s = (now_us - child_.started_us()) / 1'000'000;
    if (outcome == SnapshotChild::Outcome::saved) {
        server_.stats.dirty -= std::min(dirty_at_fork_, server_.stats.dirty);
        figures_.last_save_s = server_.clock.wall_ms() / 1000;
        figures_.last_ok = true;
    } else if (outcome == SnapshotChild::Outcome::failed) {
        figures_.last_ok = false;
    }
}

// After a failure not at once: the disk may be full for a while.
bool Snapshots::may_retry() const {
    constexpr std::int64_t kRetryAfterS = 5;
    return figures_.last_ok || server_.clock.wall_ms() / 1000 - figures_.last_try_s > kRetryAfterS;
}

bool Snapshots::save_point_reached() const {
    const std::int64_t now_s = server_.clock.wall_ms() / 1000;
    for (const SavePoint& point : server_.settings.snapshot.save) {
        if (server_.stats.dirty < static_cast<std::uint64_t>(point.changes)) continue;
        if (now_s - figures_.last_save_s <= point.seconds) continue;
        log_notice("{} changes in {} seconds. Saving...", point.changes, point.seconds);
        return true;
    }
    return false;
}

void Snapshots::cron() {
    if (child_.running()) {
        if (const auto outcome = child_.poll()) ended(*outcome);
        return;
    }
    if (server_.append_log.child_running()) return;  // one at a time
    if (may_retry() && (scheduled_ || save_point_reached())) static_cast<void>(start_child());
}

Status Snapshots::shut_down(bool save) {
    if (child_.running()) {
        log_warning("There is a child saving an .rdb. Killing it!");
        child_.cancel();
        ended(SnapshotChild::Outcome::cancelled);
    }
    if (!save) return {};
    log_notice("Saving the final RDB snapshot before exiting.");
    return save_now();
}

bool Snapshots::refuses_writes() const {
    const auto& settings = server_.settings.snapshot;
    return !figures_.last_ok && settings.stop_writes_on_error && !settings.save.empty();
}

}  // namespace keel
