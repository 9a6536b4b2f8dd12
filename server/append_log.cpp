// SPDX-License-Identifier: BSD-3-Clause
#include "server/append_log.h"

#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <utility>

#include "datatypes/command/effects.h"
#include "persistence/aof/helper.h"
#include "persistence/aof/replay.h"
#include "persistence/folder_lock.h"
#include "persistence/rdb/dump.h"
#include "persistence/rdb/snapshot_file.h"
#include "protocol/base/log.h"
#include "protocol/base/number.h"
#include "protocol/resp/request_writer.h"
#include "server/cpu_list.h"
#include "server/log_applier.h"
#include "server/net/loop.h"
#include "server/process.h"
#include "server/script/scripting.h"
#include "server/server.h"

namespace keel {

namespace {

constexpr ErrorText kRewriting{"ERR Background append only file rewriting already in progress"};
constexpr ErrorText kCannotRewrite{
    "ERR Can't execute an AOF background rewriting. Please check the server logs for more information."};
constexpr ErrorText kNoLog{"ERR The append only file is off, and none is there"};
constexpr ErrorText kCannotLoad{"ERR Error trying to load the append only file, check server logs."};
constexpr ErrorText kBeginning{"ERR The append only file has no base yet"};
constexpr ErrorText kDiskFails{"ERR The append only file can't be written now"};

// Of the changes, those of keys that went by themselves: not what the command did that met them.
std::uint64_t gone(const Effects& effects) {
    if (effects.ahead().empty()) [[likely]]
        return 0;
    std::uint64_t count = 0;
    for (const Change& change : effects.changes()) {
        const Bytes name = change.event.name;
        if (name == events::kExpired.name || name == events::kHexpired.name || name == events::kEvicted.name) ++count;
    }
    return count;
}

}  // namespace

struct AppendLog::Parts {
    Parts(AppendLog& owner, Server& server)
        : directory(server.settings.process.directory),
          // What was posted may run when these parts are gone.
          helper([&owner, &server] { server.loop->post([&owner] { owner.run_completions(); }); }, "bio_aof_fsync",
                 [list = server.settings.process.background_cpus] { bind_thread("bio-cpulist", list); }),
          child(server.clock,
                [this, &server] {
                    if (!rewrite.loud()) log_level(LogLevel::nothing);
                    adjust_child(server.settings.process, ChildWork::log_rewrite);
                }),
          log(aof::Folder{owner.files_, directory, server.settings.aof.directory, server.settings.aof.file},
              server.settings.aof, helper, owner),
          rewrite(
              log, server.settings.aof, child, [&owner](AppendFile& file) { return owner.write_base(file); },
              [&owner] { owner.before_switch(); }) {}

    std::string directory;
    FolderLock lock;
    aof::BackgroundHelper helper;
    aof::ForkedChild child;
    aof::Log log;
    aof::Rewrite rewrite;
};

AppendLog::AppendLog(Server& server) : server_(server) {}

AppendLog::~AppendLog() = default;

// Not in the middle of a command (a script that runs for long): what comes of it may end connections.
void AppendLog::run_completions() {
    completions_wait_ = server_.dispatcher.running() != nullptr;
    if (parts_ == nullptr || completions_wait_) return;
    parts_->helper.run_completions();
    if (parts_->child.running()) server_.keyspace.set_beside_child(true);  // a rewrite may have forked there
}

// ---- The start

// What the log is made of, in the folder that the settings say now; a log that is on stays where it is.
Status AppendLog::prepare() {
    const bool idle = parts_ == nullptr || (!on_ && !parts_->rewrite.running() && !parts_->child.running());
    if (idle && (parts_ == nullptr || parts_->directory != server_.settings.process.directory)) {
        parts_.reset();
        auto parts = std::make_unique<Parts>(*this, server_);
        KEEL_TRY(parts->helper.ready());
        parts_ = std::move(parts);
        // Offsets begin anew.
        server_.clients.release_held();
    }
    if (idle) {
        KEEL_TRY(files_.make_folder(parts_->log.folder().path()));
        KEEL_TRY(parts_->lock.take(parts_->log.folder().path()));
        KEEL_TRY(aof::Manifest manifest, parts_->log.folder().load());
        if (manifest.empty()) {
            KEEL_TRY(parts_->log.folder().refuse_orphans());
        }
        parts_->log.set_manifest(std::move(manifest));
    }
    return {};
}

Status AppendLog::load() {
    const std::int64_t started_us = server_.clock.steady_us();
    KEEL_TRY(prepare());
    aof::Log& log = parts_->log;
    log.folder().remove_temporaries();
    aof::Manifest manifest = log.manifest();
    KEEL_TRY(log.folder().upgrade(manifest));
    if (manifest.empty()) return begin_with_data(std::move(manifest));
    std::uint64_t bytes = 0;  // a file that is missing is the replay's to tell
    for (const aof::LogFile& file : manifest.files()) bytes += files_.size(log.folder().path_of(file.name)).value_or(0);
    const LoadingScope loading{server_.loading, bytes};
    KEEL_TRY(const aof::Chain chain, replay(log.folder(), manifest));
    KEEL_TRY(go_on(std::move(manifest), chain));
    log_notice("DB loaded from append only file: {:.3f} seconds",
               static_cast<double>(server_.clock.steady_us() - started_us) / 1e6);
    return {};
}

Result<aof::Chain> AppendLog::replay(const aof::Folder& folder, const aof::Manifest& manifest) {
    const auto preamble = [this](ReadFile& file) { return server_.snapshots.load_part(file); };
    LogApplier applier{server_};
    aof::Replay replay{folder, manifest, server_.settings.aof.load_truncated, applier, preamble, server_.clock};
    for (bool done = false; !done;) {
        KEEL_TRY(done, replay.step(static_cast<std::uint64_t>(server_.settings.snapshot.load_events_interval_bytes)));
        KEEL_TRY(server_.loading.go_on(replay.loaded_bytes()));
    }
    server_.stats.dirty = 0;
    return replay.chain();
}

// All that the manifest lists was loaded: what comes is written behind it.
Status AppendLog::go_on(aof::Manifest manifest, const aof::Chain& chain) {
    KEEL_TRY(parts_->log.open(std::move(manifest), chain, server_.clock.wall_ms()));
    on_durable(parts_->log.durable_offset());
    set_on(true);
    return {};
}

// No log yet. Data that a snapshot holds becomes its base, now: from here on only the log is read at a start.
Status AppendLog::begin_with_data(aof::Manifest manifest) {
    KEEL_TRY(server_.snapshots.load());
    aof::Log& log = parts_->log;
    const aof::Folder& folder = log.folder();
    const std::string temporary = folder.temporary_base(getpid());
    KEEL_TRY(files_.make_folder(folder.path()));
    const auto write = [&]() -> Status {
        KEEL_TRY(const auto file, files_.create(temporary));
        KEEL_TRY(write_base(*file));
        return file->sync();
    };
    Status begun = write();
    if (begun) {
        log.set_manifest(std::move(manifest));
        log.install_base(temporary, server_.settings.aof.rdb_preamble, std::numeric_limits<std::int64_t>::max(), false,
                         [&begun](Status installed) { begun = std::move(installed); });
        parts_->helper.drain();
    }
    if (!begun) {
        static_cast<void>(files_.remove(temporary));
        return begun;
    }
    KEEL_TRY(log.open(log.manifest(), aof::Chain{}, server_.clock.wall_ms()));
    log_notice("Creating AOF base file {} on server start", log.manifest().base()->name);
    on_durable(log.durable_offset());
    set_on(true);
    return {};
}

Status AppendLog::reload() {
    if (!on_ && !server_.settings.aof.enabled) return reload_files();
    if (!on_) return kBeginning;
    if (parts_->log.mode() != aof::Log::Mode::on) return kBeginning;
    if (refusal() != nullptr || parts_->log.needs_rewrite()) return kDiskFails;
    end_rewrite();
    hand_over(server_.clock.wall_ms());
    const Status closed = parts_->log.close();
    set_on(false);
    if (!closed) {  // closed it is all the same: cron() begins it anew
        log_warning("The end of the AOF could not be written, the AOF is begun anew: {}", closed.error().text());
        server_.clients.refuse_held(closed.error());
        return kDiskFails;
    }
    server_.clients.release_held();  // offsets begin anew
    load_anew(true);
    return {};
}

// The log is off: what lies in its folder. Redis loses the data, and ends, if there is nothing.
Status AppendLog::reload_files() {
    if (parts_ != nullptr) end_rewrite();
    if (const Status prepared = prepare(); !prepared) {
        log_warning("{}", prepared.error().text());
        return kCannotLoad;
    }
    const bool there = !parts_->log.manifest().empty();
    if (there) load_anew(false);
    parts_->lock.release();
    return there ? Status{} : Status{kNoLog};
}

// All data goes, and what the files hold comes; the log goes on behind it, or stays off.
void AppendLog::load_anew(bool goes_on) {
    server_.keyspace.clear(false);
    static_cast<void>(server_.scripting->libraries.flush());
    const auto load = [this, goes_on]() -> Status {
        const aof::Manifest manifest = parts_->log.manifest();
        KEEL_TRY(const aof::Chain chain, replay(parts_->log.folder(), manifest));
        return goes_on ? go_on(manifest, chain) : Status{};
    };
    const Status loaded = load();
    if (loaded) return;
    // The data is gone, and the log must not be written over with less.
    log_warning("{}", loaded.error().text());
    std::_Exit(1);
}

// ---- On and off

void AppendLog::set_on(bool on) {
    on_ = on;
    stop_wanted_ = false;
    server_.effects.set_heard(on);
    stream_.reselect();
}

Status AppendLog::start() {
    if (std::exchange(stop_wanted_, false) || on_) return {};
    if (parts_ != nullptr) end_rewrite();  // of a base for a log that was to stay off
    if (const Status prepared = prepare(); !prepared) {
        log_warning("{}", prepared.error().text());
        return Error{"Unable to turn on AOF. Check server logs."};
    }
    if (server_.snapshots.child().running()) {
        log_notice(
            "AOF was enabled but there is already another background operation. An AOF background was scheduled "
            "to start when possible.");
        parts_->rewrite.schedule();
        return {};
    }
    if (start_rewrite(true)) return {};
    return Error{"Unable to turn on AOF. Check server logs."};
}

void AppendLog::stop() { stop_wanted_ = on_; }

Status AppendLog::secure() {
    if (const Error* const why = refusal()) return Error{*why};
    if (!on_ || parts_->log.mode() != aof::Log::Mode::on) return {};
    tells_later_ = server_.dispatcher.running() != nullptr;
    end_rewrite();
    hand_over(server_.clock.wall_ms());
    Status secured = parts_->log.secure(server_.clock.wall_ms());
    tells_later_ = false;
    return secured;
}

Status AppendLog::close() {
    if (parts_ == nullptr) return {};
    end_rewrite();
    if (!on_) {
        parts_->rewrite.unschedule();
        return {};
    }
    hand_over(server_.clock.wall_ms());
    const Status closed = parts_->log.close();
    parts_->rewrite.unschedule();
    parts_->lock.release();
    set_on(false);
    if (!closed) {
        log_warning("The end of the AOF could not be written: {}", closed.error().text());
        server_.clients.refuse_held(closed.error());
    }
    server_.clients.release_held();
    return closed;
}

// ---- Commands

void AppendLog::begin() {
    if (depth_++ == 0) {
        unit_from_ = stream_.bytes().size();
        said_ = false;
    }
    stream_.begin();
}

void AppendLog::end(Session& session, std::uint64_t reply_at) {
    stream_.end();
    if (--depth_ > 0) return;
    if (std::exchange(discard_, false)) return stream_.cut(unit_from_);
    if (said_) bind(session, reply_at);
}

// Where the log will end behind all that was done so far.
std::uint64_t AppendLog::said_offset() const { return parts_->log.appended_offset() + stream_.bytes().size(); }

// A mark for each sync that is under way at most, and one for what goes to the disk next in one piece.
void AppendLog::mark(Session& session, Session::ReplyMark mark) const {
    auto& marks = session.reply_marks;
    if (marks.empty() || marks.back().offset <= parts_->log.written_offset()) return marks.push_back(mark);
    marks.back().offset = mark.offset;
    marks.back().answers |= mark.answers;
}

void AppendLog::hold_message(Session& session, std::uint64_t begin) {
    const bool waits = parts_->log.reply_offset() && said_offset() > parts_->log.durable_offset();
    if (waits && refusal() == nullptr) mark(session, {.begin = begin, .offset = said_offset(), .answers = false});
}

void AppendLog::bind(Session& session, std::uint64_t reply_at) {
    if (!on_) return;
    if (!parts_->log.reply_offset()) {
        if (turn_writers_.empty() || turn_writers_.back().session != &session)
            turn_writers_.push_back({&session, reply_at});
        return;
    }
    mark(session, {.begin = reply_at, .offset = said_offset(), .answers = true});
}

void AppendLog::note(const Effects& effects, const Call* call, int db) {
    const auto tell = [this](const Rewrite& what) {
        words_.assign(what.words.begin(), what.words.end());
        stream_.begin();
        stream_.command(what.db, words_);
        stream_.end();
    };
    // Keys that went by themselves, outside of any command, each stand for themselves.
    for (const Rewrite& what : effects.ahead()) tell(what);
    if (effects.suppressed()) return;
    for (const Rewrite& what : effects.rewrites()) tell(what);
    said_ = said_ || !effects.rewrites().empty();
    if (!effects.rewrites().empty() || call == nullptr || effects.dirty() == gone(effects)) return;
    said_ = true;
    stream_.begin();
    if (!server_.facts.renames.empty()) {
        const Command& named = call->command->parent() != nullptr ? *call->command->parent() : *call->command;
        words_.assign(call->words.begin(), call->words.end());
        words_[0] = named.spec().name;
        stream_.command(db, words_);
    } else if (!call->raw.empty()) {
        stream_.command(db, call->raw);
    } else {
        stream_.command(db, call->words);
    }
    stream_.end();
}

// ---- Each turn

// What was done so far goes to the log, all before what comes next.
void AppendLog::hand_over(std::int64_t now_ms) {
    if (stream_.bytes().empty()) return;
    stream_.split();  // in the middle of EXEC: DEBUG, which ends the log here
    parts_->log.append(stream_.storage(), stream_.selected(), now_ms);
    stream_.clear();
    unit_from_ = 0;
}

void AppendLog::write_turn() {
    if (completions_wait_) [[unlikely]]
        run_completions();
    if (untold_) [[unlikely]]
        on_not_durable(*std::exchange(untold_, std::nullopt));
    const std::int64_t now_ms = server_.clock.wall_ms();
    aof::Log& log = parts_->log;
    if (on_) hand_over(now_ms);
    if (log.mode() != aof::Log::Mode::off) log.write(now_ms);
    // Replies that no longer need the disk: another appendfsync, or no syncs while a child is at work.
    if (server_.clients.holds_replies() && !log.reply_offset()) server_.clients.release_held();
    if (stop_wanted_) static_cast<void>(close());
    turn_writers_.clear();
}

void AppendLog::on_durable(std::uint64_t offset) { server_.clients.set_durable(offset); }

void AppendLog::on_not_durable(const Error& refusal) {
    if (tells_later_) {
        untold_ = refusal;
        return;
    }
    for (const Writer& writer : turn_writers_) {
        Session& session = *writer.session;
        const bool replied = session.output_end() > writer.reply_at;
        if (replied && session.reply_marks.empty())
            session.reply_marks.push_back(
                {.begin = writer.reply_at, .offset = std::numeric_limits<std::uint64_t>::max(), .answers = true});
    }
    server_.clients.refuse_held(refusal);
}

const Error* AppendLog::refusal() const {
    if (parts_ == nullptr || !parts_->log.refusal()) [[likely]]
        return nullptr;
    return &*parts_->log.refusal();
}

// ---- Rewriting

bool AppendLog::beginning() const { return on_ && parts_->log.mode() == aof::Log::Mode::waiting; }

bool AppendLog::child_running() const {
    return parts_ != nullptr && (parts_->child.running() || parts_->rewrite.preparing());
}

Status AppendLog::write_base_commands(AppendFile& file) const {
    aof::BaseWriter out{file};
    if (server_.settings.aof.timestamps) out.timestamp(server_.clock.wall_ms() / 1000);
    std::string text;
    for (const auto& [name, library] : server_.scripting->libraries.all()) {
        text.clear();
        append_request(text, {"FUNCTION", "LOAD", library->code});
        out.write(text);
    }
    for (int i = 0; i < server_.keyspace.count(); ++i) {
        const Database& db = std::as_const(server_.keyspace).db(i);
        if (db.size() == 0) continue;
        text.clear();
        append_request(text, {"SELECT", integer_text(i)});
        out.write(text);
        Status written;
        db.table().each([&](const Entry* entry) {
            if (!written) return;
            Result<std::string> payload = rdb::dump_value(entry->value(), server_.settings);
            if (!payload) {
                written = Error{payload.error()};
                return;
            }
            const std::string deadline = integer_text(entry->has_deadline() ? entry->deadline() : 0);
            text.clear();
            append_request(text, {"RESTORE", entry->key(), deadline, *payload, "REPLACE", "ABSTTL"});
            out.write(text);
        });
        KEEL_TRY(std::move(written));
    }
    return out.finish();
}

Status AppendLog::write_base(AppendFile& file) const {
    if (!server_.settings.aof.rdb_preamble) return write_base_commands(file);
    KEEL_TRY(rdb::write_snapshot_file(file, server_.snapshots.content(true),
                                      server_.settings.aof.rewrite_incremental_fsync, [](std::uint64_t) {}));
    return {};
}

// The log goes on in another file, from the next effect on.
void AppendLog::before_switch() {
    hand_over(server_.clock.wall_ms());
    stream_.reselect();
}

Status AppendLog::start_rewrite(bool asked) {
    const std::int64_t now_ms = server_.clock.wall_ms();
    hand_over(now_ms);
    const Status started = parts_->rewrite.start(now_ms, asked);
    if (parts_->child.running()) server_.keyspace.set_beside_child(true);
    if (parts_->log.mode() != aof::Log::Mode::off)
        set_on(true);  // a log that begins: the next effect selects its database
    else if (on_)
        set_on(false);
    return started;
}

Result<AppendLog::Begun> AppendLog::rewrite(bool may_wait) {
    if (const Status prepared = prepare(); !prepared) {
        log_warning("{}", prepared.error().text());
        return kCannotRewrite;
    }
    if (parts_->rewrite.running()) return kRewriting;
    // One that was given up may have left a child that has still to end.
    if (may_wait || server_.snapshots.child().running() || parts_->child.running() || stream_.in_unit()) {
        parts_->rewrite.schedule();
        return Begun::scheduled;
    }
    if (!start_rewrite(true)) return kCannotRewrite;
    return Begun::started;
}

// Ends a rewrite that is under way, and waits until nothing of it runs.
void AppendLog::end_rewrite() {
    aof::Rewrite& rewrite = parts_->rewrite;
    rewrite.cancel();
    if (const auto ended = parts_->child.wait()) {
        rewrite.on_child_done(ended->pid, ended->how, server_.clock.wall_ms());
        server_.keyspace.set_beside_child(false);
    }
    parts_->helper.drain();
}

void AppendLog::note_unsaid() {
    if (on_) parts_->rewrite.schedule();
}

void AppendLog::cron() {
    if (parts_ == nullptr) return;
    const std::int64_t now_ms = server_.clock.wall_ms();
    if (const auto ended = parts_->child.poll()) {
        server_.keyspace.set_beside_child(false);
        parts_->rewrite.on_child_done(ended->pid, ended->how, now_ms);
    }
    const bool other = server_.snapshots.child().running();
    parts_->log.set_child_active(other || parts_->child.running());
    const bool due = parts_->rewrite.due(now_ms);
    if (due && !other && !parts_->child.running()) static_cast<void>(start_rewrite(false));
    // A rewrite while the log is off has come to its end: the folder is another server's, if one wants it.
    const bool over = !parts_->rewrite.running() && !parts_->rewrite.scheduled() && !parts_->child.running();
    if (over && !on_ && !server_.settings.aof.enabled) parts_->lock.release();
}

// ---- Figures

std::uint64_t AppendLog::memory_bytes() const {
    return parts_ == nullptr ? 0 : stream_.memory_bytes() + parts_->log.memory_bytes();
}

AppendLog::Figures AppendLog::figures() const {
    Figures out;
    if (parts_ == nullptr) return out;
    const aof::Log& log = parts_->log;
    const aof::Rewrite& rewrite = parts_->rewrite;
    out.rewriting = rewrite.running();
    out.scheduled = rewrite.scheduled();
    if (rewrite.last_duration_ms() >= 0) out.last_rewrite_s = rewrite.last_duration_ms() / 1000;
    if (rewrite.running()) out.current_rewrite_s = (server_.clock.wall_ms() - rewrite.started_ms()) / 1000;
    out.last_rewrite_ok = rewrite.last_good();
    out.rewrites = rewrite.rewrites();
    out.failures = rewrite.consecutive_failures();
    out.last_write_ok = !log.refusal();
    out.last_copied_bytes = parts_->child.last_copied_bytes();
    out.current_bytes = log.current_bytes();
    out.base_bytes = log.base_bytes();
    out.buffer_bytes = log.buffer_bytes();
    out.sync_pending = log.sync_pending();
    out.delayed_syncs = log.delayed_syncs();
    out.forks = parts_->child.figures();
    return out;
}

}  // namespace keel
