// SPDX-License-Identifier: BSD-3-Clause
#include "server/server.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <limits>

#include "datatypes/encodings/used_memory.h"
#include "protocol/base/log.h"
#include "protocol/base/words.h"
#include "server/acl/access.h"
#include "server/commands/families.h"
#include "server/crash_report.h"
#include "server/cycle_clock.h"
#include "server/net/listener.h"
#include "server/net/loop.h"
#include "server/process.h"
#include "server/script/scripting.h"
#include "server/secrets.h"
#include "server/signals.h"
#include "server/version.h"

namespace keel {

// ---- Keys that go by themselves ----

void RemovalEffects::on_expired(Database& db, const Entry& entry) {
    const Bytes key = effects_.keep(entry.key());
    effects_.changed(db.index(), key, events::kExpired);
    effects_.before(db.index(), {"DEL", key});
    begins("expire-del");
}

void RemovalEffects::on_members_expired(Database& db, const Entry& entry, std::span<const Bytes> names) {
    const Bytes key = effects_.keep(entry.key());
    effects_.changed(db.index(), key, events::kHexpired);
    if (!effects_.heard()) return;
    std::vector<std::string> words{"HDEL", std::string{key}};
    words.insert(words.end(), names.begin(), names.end());
    effects_.before(db.index(), std::move(words));
}

void RemovalEffects::on_emptied(Database& db, const Entry& entry) {
    effects_.happened(db.index(), effects_.keep(entry.key()), events::kDel);
}

void RemovalEffects::on_evicted(Database& db, const Entry& entry) {
    const Bytes key = effects_.keep(entry.key());
    effects_.changed(db.index(), key, events::kEvicted);
    effects_.before(db.index(), {"DEL", key});
    begins("eviction-del");
}

// ---- Server ----

namespace {
// Of a setting that says -1 for "never".
std::uint64_t threshold(std::int64_t setting) {
    return setting < 0 ? std::numeric_limits<std::uint64_t>::max() : static_cast<std::uint64_t>(setting);
}

std::uint64_t random_seed() {
    std::array<std::uint8_t, 8> raw{};
    fill_secret(raw);
    return load<std::uint64_t>(raw.data());
}
}  // namespace

namespace {

// About what the changes take of which nobody was told yet. Each is looked at once: to be asked while they are
// gathered, first when there are none.
class UntoldChanges {
  public:
    explicit UntoldChanges(const Effects& effects) : effects_(effects) {}

    std::uint64_t bytes() {
        const std::span<const Change> changes = effects_.changes();
        if (changes.size() < seen_) seen_ = bytes_ = 0;
        for (; seen_ < changes.size(); ++seen_) bytes_ += bytes_of(changes[seen_].key.size());
        return bytes_;
    }

  private:
    // Its name is kept, and for log and replicas a DEL of it.
    [[nodiscard]] std::uint64_t bytes_of(std::size_t name) const {
        constexpr std::size_t kInline = 15;
        const std::uint64_t kept = sizeof(std::string) + (name > kInline ? name + 1 : 0);
        return sizeof(Change) + kept + (effects_.heard() ? sizeof(Rewrite) + sizeof(std::string) + kept : 0);
    }

    const Effects& effects_;
    std::size_t seen_ = 0;
    std::uint64_t bytes_ = 0;
};

// The bytes that count for maxmemory. Not those that the log has still to write, nor what is remembered of keys that
// are being evicted: both go by themselves, and for long names all keys would go. What scripts hold in Lua has a bound
// of its own, and no key should go for it; but for the little that every interpreter takes, so that the figure is that
// of INFO.
std::uint64_t memory_against_limit(const script::Scripting& scripting, const AppendLog& log, std::uint64_t untold) {
    constexpr std::uint64_t kUsual = std::uint64_t{1} << 20;
    const std::uint64_t all = used_memory();
    const std::uint64_t used = all - std::min(all, log.memory_bytes() + untold);
    const std::uint64_t held = scripting.vm_bytes();
    return held <= kUsual ? used : used - std::min(used, held - kUsual);
}

}  // namespace

Server::Server(Config& configuration, const Clock& machine_clock, ProcessFacts process_facts)
    : config(configuration),
      settings(configuration.settings()),
      clock(machine_clock),
      facts(std::move(process_facts)),
      random(random_seed()),
      loop(std::make_unique<Loop>()),
      background([this] { loop->post([this] { background.run_completions(); }); }, "bio_lazy_free"),
      lazy_free(&background),
      removals(effects, latency, settings.latency, clock),
      keyspace(settings.process.databases, lazy_free, removals, clock.wall_ms()),
      evictor(keyspace, removals, settings.memory, clock, random,
              [this, untold = UntoldChanges{effects}]() mutable {
                  return memory_against_limit(*scripting, append_log, untold.bytes());
              }),
      after_command(effects, stats, settings),
      dispatcher(*this),
      clients(dispatcher, settings, stats, clock, lazy_free),
      blocking(dispatcher, clients, keyspace, pause, clock),
      watches(keyspace),
      monitors(
          clock, [this](std::uint64_t id) { return clients.find(id); }, [this](Session& to) { clients.pushed_to(to); }),
      pubsub([this](Session& to, std::uint64_t begin) {
          append_log.bind_message(to, begin);
          clients.pushed_to(to);
      }),
      tracking(clients, pubsub, settings.clients, random),
      key_events(pubsub, settings.notifications),
      scripting(std::make_unique<script::Scripting>(*this, settings.scripting.insecure_api)),
      families(std::make_unique<CommandFamilies>(*this)),
      users(registry, settings.acl),
      loading(*this),
      snapshots(*this),
      append_log(*this),
      migrations(*this) {
    facts.started_us = clock.steady_us();
    clients.set_on_open([this](Session& session) { acl::greet(users, session); });
    clients.set_on_secured([this](Session& session, const std::vector<std::string>& names) {
        if (!names.empty()) acl::welcome(*this, session, names);
    });
    clients.set_on_close([this](Session& session) {
        if (session.monitor) monitors.remove(session);
        watches.forget(session);
        tracking.disable(session);
        pubsub.forget(session);
        if (blocking.any()) blocking.forget(session);
        migrations.forget(session);
    });
    after_command.set_events(&key_events);
    after_command.set_blocking(&blocking);
    after_command.set_watches(&watches);
    after_command.set_tracking(&tracking);
    after_command.set_snapshots(&snapshots);
    after_command.set_log(&append_log);
    after_command.set_migrations(&migrations);
    effects.set_heard(false);  // the log says when
    dispatcher.context().blocker = &blocking;
    apply_settings();
    facts.memory_at_start = used_memory();
}

Server::~Server() = default;

void Server::apply_settings() {
    const Memory& memory = settings.memory;
    const bool lfu = memory.policy == EvictionPolicy::allkeys_lfu || memory.policy == EvictionPolicy::volatile_lfu;
    keyspace.ages.set_policy(lfu, memory.lfu_log_factor, memory.lfu_decay_minutes);
    keyspace.lazy_expire = memory.lazy_expire;
    keyspace.lazy_overwrite = memory.lazy_server_del;
    purge_in_background(memory.jemalloc_bg_thread);
    const CommandLog& logged = settings.command_log;
    call_logs.slow.trim(logged.slow_max_entries);
    call_logs.large_request.trim(logged.large_request_max_entries);
    call_logs.large_reply.trim(logged.large_reply_max_entries);
    large_request_bytes = threshold(logged.request_larger_than_bytes);
    large_reply_bytes = threshold(logged.reply_larger_than_bytes);
    const std::int64_t slow_us = logged.slower_than_us;
    const std::int64_t latency_ms = settings.latency.monitor_threshold_ms;
    slow_threshold_ns = std::numeric_limits<std::uint64_t>::max();
    if (slow_us >= 0) slow_threshold_ns = static_cast<std::uint64_t>(slow_us) * 1000;
    if (latency_ms > 0)
        slow_threshold_ns = std::min(slow_threshold_ns, static_cast<std::uint64_t>(latency_ms) * 1'000'000);
}

Status Server::rename_commands() {
    for (const auto& [from, to] : facts.renames) {
        if (registry.rename(from, to)) continue;
        const Bytes why =
            registry.find(from) == nullptr ? "No such command in rename-command" : "Target command name already exists";
        return Error{fmt::format("\n*** FATAL CONFIG FILE ERROR (keel {}) ***\n>>> 'rename-command {} {}'\n{}\n",
                                 kKeelVersion, from, quoted(to), why)};
    }
    return {};
}

void Server::reset_statistics() {
    stats.reset();
    keyspace.counters = {};
    keyspace.expiry_lag.reset();
    lazy_free.reset_freed();
    registry.each([](Command& command) { command.stats = {}; });
}

void Server::note_call(const Session& session, const Call& call, std::uint64_t took_ns, std::uint64_t reply_bytes) {
    const std::uint64_t took_us = took_ns / 1000;
    const std::int64_t now_s = clock.wall_ms() / 1000;
    const CommandLog& logged = settings.command_log;
    const auto note = [&](CallLog& log, std::uint64_t figure, std::uint64_t least, std::uint64_t max_entries) {
        if (figure < least || call.command->is(Flag::skip_slowlog)) return;
        log.add(without_secrets(call), figure, now_s, session.peer_address, session.name, max_entries);
    };
    note(call_logs.slow, took_us, threshold(logged.slower_than_us), logged.slow_max_entries);
    note(call_logs.large_request, call.request_bytes, large_request_bytes, logged.large_request_max_entries);
    note(call_logs.large_reply, reply_bytes, large_reply_bytes, logged.large_reply_max_entries);
    const std::uint64_t took_ms = took_us / 1000;
    if (took_ms >= threshold(settings.latency.monitor_threshold_ms) && settings.latency.monitor_threshold_ms != 0) {
        latency.add(call.command->is(Flag::fast) ? "fast-command" : "command", now_s,
                    static_cast<std::uint32_t>(took_ms));
    }
}

void Server::note_latency(Bytes event, std::uint64_t started) {
    latency.note(event, started, settings.latency.monitor_threshold_ms, clock);
}

std::unique_ptr<Transaction> Server::end_transaction(Session& session) {
    watches.forget(session);
    return std::move(session.transaction);
}

bool Server::make_room() {
    if (loading.active()) return true;
    const std::uint64_t started = CycleClock::ticks();
    const bool fits = evictor.make_room();
    note_latency("eviction-cycle", started);
    return fits;
}

// ---- Time ----

bool Server::has_due() {
    if (!keyspace.active_expire || pause.active() || loading.active() || settings.process.import_mode) return false;
    const auto earliest = keyspace.earliest_deadline();
    return earliest && *earliest <= keyspace.now();
}

bool Server::expire(std::int64_t budget_us) {
    const std::uint64_t started = CycleClock::ticks();
    const bool left = keyspace.remove_due(keyspace.now(), clock, budget_us);
    after_command.drain();
    stats.loop.expire_ns += CycleClock::ns(CycleClock::ticks() - started);
    note_latency("expire-cycle", started);
    return left;
}

void Server::settle() {
    migrations.settle();
    if (blocking.any()) [[unlikely]] {
        blocking.serve();
        blocking.end_due();
    }
    snapshots.settle();
    tracking.broadcast();
    if (awaited_signal) [[unlikely]]
        on_signal(*std::exchange(awaited_signal, std::nullopt));
}

void Server::end_pause_in_time() {
    if (pause.active() && pause.expire(clock.wall_ms())) clients.wake_all(Parked::paused);
}

void Server::cron() {
    const std::uint64_t started = CycleClock::ticks();
    const std::int64_t now_ms = clock.wall_ms();
    const std::int64_t now_us = clock.steady_us();
    keyspace.set_now(now_ms);
    // A period below two rounds of this would bark at a healthy loop.
    if (const std::int64_t period_ms = settings.debug.watchdog_period_ms; period_ms > 0) {
        feed_watchdog(std::max<std::int64_t>(period_ms, 2000 / settings.process.hz));
    }
    stats.peak_memory = std::max(stats.peak_memory, used_memory());
    stats.commands_rate.sample(now_us, stats.commands);
    stats.bytes_in_rate.sample(now_us, stats.bytes_in);
    stats.bytes_out_rate.sample(now_us, stats.bytes_out);
    stats.cycles_rate.sample(now_us, stats.loop.cycles);
    clients.cron(now_ms);
    clients.evict_clients();
    tracking.cron();
    loop->tls.cron(settings.tls, now_ms);
    if (!pause.active()) make_room();
    after_command.drain();
    if (!loading.active()) {
        snapshots.cron();
        append_log.cron();
    }
    migrations.cron();
    stats.loop.cron_ns += CycleClock::ns(CycleClock::ticks() - started);
}

void Server::serve_while_busy() {
    // Asio takes connections and signals; nothing that it runs touches what the turn is at.
    if (clients.serve_while_busy()) loop->poll_inside();
    clients.end_busy();
}

int Server::idle_ms() {
    std::int64_t wait = 1000;
    const std::int64_t now = clock.wall_ms();
    if (keyspace.active_expire && !pause.active() && !settings.process.import_mode) {
        if (const auto earliest = keyspace.earliest_deadline()) wait = std::min(wait, *earliest - now);
    }
    if (pause.active()) wait = std::min(wait, pause.until_ms() - now);
    if (const auto timeout_us = blocking.next_timeout_us())
        wait = std::min(wait, (*timeout_us - clock.steady_us() + 999) / 1000);
    if (const auto look_us = migrations.next_look_us()) [[unlikely]]
        wait = std::min(wait, (*look_us - clock.steady_us() + 999) / 1000);
    return static_cast<int>(std::max<std::int64_t>(wait, 0));
}

// ---- The end ----

namespace {

// Whose EXEC is under way, in which a script lets others be served; null: nobody's.
Session* in_exec(const ClientSet& clients) {
    Session* found = nullptr;
    clients.each([&](Session& session) { found = session.deny_blocking ? &session : found; });
    return found;
}

}  // namespace

void Server::on_signal(int signal) {
    const bool interrupt = signal == SIGINT;
    if (scripting->runner.has_written() || in_exec(clients) != nullptr) {
        log_warning(
            "Received {} while a script runs that has written, or is part of a transaction: the server ends when that "
            "has ended. SHUTDOWN NOSAVE ends both at once.",
            interrupt ? "SIGINT" : "SIGTERM");
        awaited_signal = signal;
        return;
    }
    log_warning("Received {} scheduling shutdown...", interrupt ? "SIGINT" : "SIGTERM");
    const std::uint8_t flags = interrupt ? settings.process.shutdown_on_sigint : settings.process.shutdown_on_sigterm;
    const ShutdownRequest request{.save = (flags & kShutdownSave) != 0,
                                  .nosave = (flags & kShutdownNosave) != 0,
                                  .now = (flags & kShutdownNow) != 0,
                                  .force = (flags & kShutdownForce) != 0};
    if (const Status status = shutdown(request); !status) {
        StopSignals::forget();
        log_warning("{} received but errors trying to shut down the server, check the logs for more information: {}",
                    interrupt ? "SIGINT" : "SIGTERM", status.error().text());
    }
}

Status Server::shutdown(const ShutdownRequest& request) {
    log_warning("User requested shutdown...");
    if (loading.active()) {  // what is on the disk is more than what is in memory
        log_warning("The data is still being loaded: nothing is saved.");
        stop();
        return {};
    }
    const bool careful = !request.force && !request.nosave;
    if (const Status secured = careful ? append_log.secure() : Status{}; !secured) {
        log_warning("The AOF can't be written now, can't exit: {}", secured.error().text());
        return Error{"ERR Errors trying to SHUTDOWN. Check logs."};
    }
    if (careful && append_log.beginning()) {
        log_warning("Writing initial AOF, can't exit.");
        return Error{"ERR Errors trying to SHUTDOWN. Check logs."};
    }
    const bool save = request.save || (!request.nosave && !settings.snapshot.save.empty());
    if (!snapshots.shut_down(save) && !request.force) {
        log_warning("Error trying to save the DB, can't exit.");
        return Error{"ERR Errors trying to SHUTDOWN. Check logs."};
    }
    stop();
    return {};
}

void Server::stop() {
    loop->stop();
    clients.stop();
    append_log.discard_unit();
    if (Session* const client = in_exec(clients); client != nullptr)
        clients.close(*client);  // unanswered: it is given up
    scripting->runner.abort();
}

bool Server::finish() {
    constexpr std::int64_t kLastWordsUs = 200'000;
    notify_supervisor(settings.process, "STOPPING=1\n");
    if (!settings.network.unix_socket.empty()) log_notice("Removing the unix socket file.");
    loop->listeners.reset();
    const bool whole = append_log.close().has_value();
    clients.drain(kLastWordsUs);
    background.drain();
    if (!pid_file.empty()) {
        log_notice("Removing the pid file.");
        std::remove(pid_file.c_str());
    }
    log_warning("keel is now ready to exit, bye bye...");
    return whole;
}

}  // namespace keel
