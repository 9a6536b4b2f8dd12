// SPDX-License-Identifier: BSD-3-Clause
//
// What a command did, gathered while it runs and drained after it (server/after_command): from one call per key
// follow WATCH, client tracking, keyspace events, the count of changes for save points, the log and replicas.
//
// Always true:
//   1. A command that changed nothing leaves this empty: no one is told anything.
//   2. Keys are views. They must outlive the drain: words of the request do; a key that does not is kept with
//      keep(), which owns the bytes until the drain.
//   3. When nothing is said about replication, the client's own words are what log and replicas get.
//   4. While neither log nor replica listens (heard() is false), no words are kept: saying them costs a look at one
//      flag. Who would have to gather them first asks heard() before.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "datatypes/command/events.h"
#include "protocol/base/bytes.h"

namespace keel {

struct Change {
    int db;
    Bytes key;
    Event event;
    bool touches;  // the value changed: WATCH and tracking care. False: only the event is of interest.
};

// A command in other words than the client's, for log and replicas.
struct Rewrite {
    int db;
    std::vector<std::string> words;
};

class Effects {
  public:
    // The value at `key` changed (or came, or went).
    void changed(int db, Bytes key, Event event) {
        changes_.push_back({db, key, event, true});
        ++dirty_;
    }
    // A further key of a change that was counted (RENAME's source).
    void also_changed(int db, Bytes key, Event event) { changes_.push_back({db, key, event, true}); }
    // Something worth an event, but no change of data (keymiss, new beside another event).
    void happened(int db, Bytes key, Event event) { changes_.push_back({db, key, event, false}); }
    // More changes than keys (an RPUSH of ten elements counts ten for save points).
    void count(std::uint64_t changes) { dirty_ += changes; }

    // Whether log or replicas take words at all.
    [[nodiscard]] bool heard() const { return heard_; }
    void set_heard(bool on) { heard_ = on; }

    // Instead of the client's words. Several calls: several commands, in that order, applied as one.
    void replicate_as(int db, std::initializer_list<Bytes> words) {
        if (!heard_) return;
        Rewrite& rewrite = rewrites_.emplace_back(Rewrite{db, {}});
        rewrite.words.assign(words.begin(), words.end());
    }
    void replicate_as(int db, std::vector<std::string> words) {
        if (heard_) rewrites_.push_back({db, std::move(words)});
    }
    // A command that log and replicas get ahead of this one's (a key that expired on the way).
    void before(int db, std::initializer_list<Bytes> words) {
        if (!heard_) return;
        Rewrite& rewrite = before_.emplace_back(Rewrite{db, {}});
        rewrite.words.assign(words.begin(), words.end());
    }
    void before(int db, std::vector<std::string> words) {
        if (heard_) before_.push_back({db, std::move(words)});
    }
    // Nothing for log and replicas, whatever changed.
    void replicate_nothing() { suppressed_ = true; }

    // A whole database is gone or swapped: watchers and tracking treat all its keys as changed. -1: all databases.
    void flushed(int db) {
        flushed_.push_back(db);
        ++dirty_;
    }
    void swapped(int a, int b) {
        swapped_.push_back({a, b});
        ++dirty_;
    }

    // Owns a copy of the bytes until the drain.
    Bytes keep(Bytes bytes) { return kept_.emplace_back(bytes); }

    [[nodiscard]] bool empty() const {
        return changes_.empty() && dirty_ == 0 && rewrites_.empty() && flushed_.empty() && swapped_.empty() &&
               before_.empty() && kept_.empty() && !suppressed_;
    }
    [[nodiscard]] std::uint64_t dirty() const { return dirty_; }
    [[nodiscard]] std::span<const Change> changes() const { return changes_; }
    [[nodiscard]] std::span<const Rewrite> rewrites() const { return rewrites_; }
    [[nodiscard]] std::span<const Rewrite> ahead() const { return before_; }
    [[nodiscard]] std::span<const int> flushed_databases() const { return flushed_; }
    struct Swap {
        int a;
        int b;
    };
    [[nodiscard]] std::span<const Swap> swaps() const { return swapped_; }
    [[nodiscard]] bool suppressed() const { return suppressed_; }

    void clear() {
        changes_.clear();
        rewrites_.clear();
        before_.clear();
        flushed_.clear();
        swapped_.clear();
        kept_.clear();
        dirty_ = 0;
        suppressed_ = false;
    }

  private:
    std::vector<Change> changes_;
    std::vector<Rewrite> rewrites_;
    std::vector<Rewrite> before_;
    std::vector<int> flushed_;
    std::vector<Swap> swapped_;
    std::deque<std::string> kept_;  // a deque: views into it stay good while it grows
    std::uint64_t dirty_ = 0;
    bool suppressed_ = false;
    bool heard_ = true;
};

}  // namespace keel
