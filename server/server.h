// SPDX-License-Identifier: BSD-3-Clause
//
// The process: owns every part, builds them in the order of the folders, and lends each what it needs. A part that
// can do with less is handed less; the command families of the server, which show and steer everything, are handed
// the whole.
//
// Always true:
//   1. Members are declared in the order of building; each uses only those above it.
//   2. One Server lives for the life of the process (tests make their own).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "conf/config.h"
#include "datatypes/command/effects.h"
#include "datatypes/command/registry.h"
#include "datatypes/keyspace/evict.h"
#include "datatypes/keyspace/keyspace.h"
#include "datatypes/keyspace/lazy_free.h"
#include "protocol/base/background.h"
#include "protocol/base/random.h"
#include "server/acl/access_log.h"
#include "server/acl/users.h"
#include "server/after_command.h"
#include "server/append_log.h"
#include "server/blocking.h"
#include "server/call_log.h"
#include "server/cycle_clock.h"
#include "server/dispatch.h"
#include "server/key_events.h"
#include "server/latency_monitor.h"
#include "server/loading.h"
#include "server/migrations.h"
#include "server/monitors.h"
#include "server/net/client_set.h"
#include "server/pause.h"
#include "server/pubsub.h"
#include "server/snapshots.h"
#include "server/stats.h"
#include "server/tracking.h"
#include "server/watches.h"

namespace keel {

// Tells effects of keys that go by themselves, and the latency monitor how long it took to free them.
class RemovalEffects final : public KeyspaceListener {
  public:
    RemovalEffects(Effects& effects, LatencyMonitor& latency, const Latency& settings, const Clock& clock)
        : effects_(effects), latency_(latency), settings_(settings), clock_(clock) {}
    void on_expired(Database& db, const Entry& entry) override;
    void on_members_expired(Database& db, const Entry& entry, std::span<const Bytes> names) override;
    void on_emptied(Database& db, const Entry& entry) override;
    void on_evicted(Database& db, const Entry& entry) override;
    void on_removed() override { latency_.note(removing_, started_, settings_.monitor_threshold_ms, clock_); }

  private:
    void begins(Bytes event) {
        if (settings_.monitor_threshold_ms <= 0) [[likely]]
            return;
        removing_ = event;
        started_ = CycleClock::ticks();
    }

    Effects& effects_;
    LatencyMonitor& latency_;
    const Latency& settings_;
    const Clock& clock_;
    Bytes removing_;             // the event that is under way
    std::uint64_t started_ = 0;  // since then
};

// What does not change while the process lives.
struct ProcessFacts {
    std::string executable;
    std::vector<std::string> arguments;  // as the process was called, for DEBUG RESTART
    std::string run_id = secret_hex(40);
    std::int64_t started_us = 0;  // steady
    std::uint64_t memory_at_start = 0;
    std::vector<std::vector<std::string>> users;               // `user` lines, without that word
    std::vector<std::pair<std::string, std::string>> renames;  // rename-command, in the order of the file
};

// What DEBUG turns on and off for tests, and no other part owns.
struct DebugSwitches {
    bool skip_checksums = false;        // RESTORE and loading trust what they are given
    bool scripts_may_call_all = false;  // commands that scripts may not call are let through
};

// How SHUTDOWN or a signal wants the process to end.
struct ShutdownRequest {
    bool save = false;
    bool nosave = false;
    bool now = false;
    bool force = false;
};

class Loop;
class CommandFamilies;
namespace script {
struct Scripting;
}

struct Server {
    Server(Config& config, const Clock& clock, ProcessFacts facts);
    ~Server();

    Config& config;
    const Settings& settings;
    const Clock& clock;
    ProcessFacts facts;
    Random random;
    std::string replication_id = secret_hex(40);  // names the history of writes; DEBUG CHANGE-REPL-ID draws another
    Stats stats;
    CallLogs call_logs;
    LatencyMonitor latency;
    Pause pause;

    std::unique_ptr<Loop> loop;  // above what it wakes: background's completions
    Background background;
    LazyFree lazy_free;
    Effects effects;
    RemovalEffects removals;
    Keyspace keyspace;
    Evictor evictor;
    Registry registry;
    AfterCommand after_command;
    Dispatcher dispatcher;
    ClientSet clients;
    Blocking blocking;
    Watches watches;
    Monitors monitors;
    PubSub pubsub;
    Tracking tracking;
    KeyEvents key_events;
    std::unique_ptr<script::Scripting> scripting;
    std::unique_ptr<CommandFamilies> families;
    acl::Users users;  // below the families: it has to know all commands
    acl::AccessLog access_log;
    Loading loading;
    Snapshots snapshots;
    AppendLog append_log;
    Migrations migrations;

    // Commands that ran at least so long, or were or answered so much, are looked at for their logs and the latency
    // monitor.
    std::uint64_t slow_threshold_ns = 0;
    std::uint64_t large_request_bytes = 0;
    std::uint64_t large_reply_bytes = 0;
    bool cron_paused = false;  // DEBUG PAUSE-CRON
    DebugSwitches debug;

    // Takes the settings that parts keep in a form of their own; after start and after every CONFIG SET.
    void apply_settings();
    void note_call(const Session& session, const Call& call, std::uint64_t took_ns, std::uint64_t reply_bytes);

    // Takes over facts.renames; the error says which line of the configuration cannot be done, as Redis words it.
    Status rename_commands();

    // CONFIG RESETSTAT.
    void reset_statistics();

    // Notes an event for the latency monitor if it began (CycleClock) long enough ago.
    void note_latency(Bytes event, std::uint64_t started);

    // What the session had queued and watched, which it has not any more; null if nothing.
    std::unique_ptr<Transaction> end_transaction(Session& session);

    // Makes room below maxmemory; see Evictor::make_room. Not while data is loaded: nothing goes then.
    bool make_room();
    // Whether a key is due that we have to remove.
    [[nodiscard]] bool has_due();
    // Removes due keys for at most about `budget_us`; true if some are left.
    bool expire(std::int64_t budget_us);
    // Before replies are sent: serves and ends those who wait for keys, as far as keys came by themselves or their time
    // is over, and tells those who cache of what changed.
    void settle();
    // Lets clients go on if CLIENT PAUSE is over.
    void end_pause_in_time();
    // Periodic work, hz times a second.
    void cron();
    // A script runs for long: answers others in the middle of its turn (net/client_set.h).
    void serve_while_busy();
    // Milliseconds until there is something to do without any input: at most 1000 / hz.
    [[nodiscard]] int idle_ms();

    std::string pid_file;  // that was written, to be removed at the end; empty: none
    // The signal to stop that waits for the end of a script (on_signal()).
    std::optional<int> awaited_signal;
    void on_signal(int signal);
    // Ends the process in order: the loop stops after this turn. An error if it can't be done (the reply of SHUTDOWN).
    Status shutdown(const ShutdownRequest& request);
    // No request runs from here on; a script that runs is ended, and nothing of it is logged.
    void stop();
    // After the loop: sends what clients have still to get, as far as they take it at once, and leaves no file behind.
    // False: the end of the log could not be written.
    [[nodiscard]] bool finish();
};

}  // namespace keel
