// SPDX-License-Identifier: BSD-3-Clause
//
// Drains what a command did to all who care: the count of changes for save points, keyspace events, those who wait for
// keys, watch them, cache them or send them away, the log, and, as they come to be, replicas. The one place where the
// list of those stands.
#pragma once

#include "conf/settings.h"
#include "datatypes/command/effects.h"

namespace keel {

class AppendLog;
class Blocking;
struct Call;
class Migrations;
class Snapshots;
class Tracking;
class Watches;
struct Stats;

// Takes keyspace events (notify-keyspace-events); the pub/sub part is one.
class KeyEventSink {
  public:
    virtual ~KeyEventSink() = default;
    virtual void on_key_event(int db, Bytes key, Event event) = 0;
};

class AfterCommand {
  public:
    AfterCommand(Effects& effects, Stats& stats, const Settings& settings)
        : effects_(effects), stats_(stats), settings_(settings) {}

    void set_snapshots(Snapshots* snapshots) { snapshots_ = snapshots; }
    void set_log(AppendLog* log) { log_ = log; }
    void set_events(KeyEventSink* sink) { events_ = sink; }
    void set_blocking(Blocking* blocking) { blocking_ = blocking; }
    void set_watches(Watches* watches) { watches_ = watches; }
    void set_tracking(Tracking* tracking) { tracking_ = tracking; }
    void set_migrations(Migrations* migrations) { migrations_ = migrations; }

    // What `call` did in the database `db`; null: keys went by themselves (expiry, eviction). Whether there was
    // somebody to tell, but for the log.
    bool drain(const Call* call = nullptr, int db = 0) { return !effects_.empty() && drain_all(call, db); }

  private:
    bool drain_all(const Call* call, int db);

    Effects& effects_;
    Stats& stats_;
    const Settings& settings_;
    Snapshots* snapshots_ = nullptr;
    AppendLog* log_ = nullptr;
    KeyEventSink* events_ = nullptr;
    Blocking* blocking_ = nullptr;
    Watches* watches_ = nullptr;
    Tracking* tracking_ = nullptr;
    Migrations* migrations_ = nullptr;
};

}  // namespace keel
