// SPDX-License-Identifier: BSD-3-Clause
//
// Runs data commands in process: no sockets, no server, a clock that the test moves. What a client would read comes
// back as bytes, and what watchers, replicas and listeners would be told can be asked for afterwards.
//
//     CommandRunner keel;
//     CHECK(keel("SET k v EX 10") == "+OK\r\n");
//     CHECK(keel.events() == Strings{"set k", "expire k"});
//     CHECK(keel.replicated() == Strings{"SET k v PXAT 1700000010000"});
//     keel.advance_ms(10'000);
//     CHECK(keel("GET k") == "$-1\r\n");
//
// A line is split as an inline command is (quotes work); run() takes words as they are. A word of 32 KiB and more
// arrives in a block of its own, as it does from the parser.
//
// Always true:
//   1. events(), touched(), replicated() and dirty() are those of the last command alone.
//   2. Keys that were due are removed, and told by expired(), when the clock moves or a command meets them.
//
// Not here: gates (who may run what, memory limits), which are the server's: every command that exists is run.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "conf/settings.h"
#include "datatypes/command/context.h"

namespace keel::test {

using Strings = std::vector<std::string>;

class CommandRunner : private KeyspaceListener {
  public:
    explicit CommandRunner(int protocol = 2);

    // Runs one command and returns its reply.
    std::string operator()(Bytes line);
    std::string run(std::initializer_list<Bytes> words) { return run(Strings{words.begin(), words.end()}); }
    std::string run(Strings words);

    // "set k" for each event, in order.
    [[nodiscard]] Strings events() const;
    // The keys whose value changed, as WATCH and tracking are told.
    [[nodiscard]] Strings touched() const;
    // The words for log and replicas: the rewritten ones, or the client's own if it changed something.
    [[nodiscard]] Strings replicated() const;
    [[nodiscard]] std::uint64_t dirty() const { return effects.dirty(); }

    // Moves the clock and removes what is due by then.
    void advance_ms(std::int64_t ms);
    // The keys that expired since this was last asked.
    [[nodiscard]] Strings expired() { return std::exchange(expired_, {}); }

    // "h f" for each field that expired since this was last asked, and "h" for each key that lost its last one so.
    [[nodiscard]] Strings expired_members() { return std::exchange(expired_members_, {}); }

    // As OBJECT ENCODING says; empty if there is no such key.
    [[nodiscard]] std::string encoding(Bytes key);
    // The moment at which the key is due; kNoDeadline for none.
    [[nodiscard]] UnixMs deadline(Bytes key);

    // Makes the key hold something that is not a string, to be refused; nothing else may be done with it than to
    // overwrite or remove it.
    void hold_other_type(Bytes key);

    ManualClock clock;
    Settings settings;

  private:
    LazyFree lazy_free_{nullptr};

  public:
    Keyspace keyspace;
    Effects effects;
    Registry registry;
    Random random{20};
    Caller caller;

  private:
    void on_expired(Database& db, const Entry& entry) override;
    void on_evicted(Database&, const Entry&) override {}
    void on_members_expired(Database& db, const Entry& entry, std::span<const Bytes> names) override;
    void on_emptied(Database& db, const Entry& entry) override;
    void lay_out(std::vector<Bytes>& words);
    std::string take_output();

    OutputBuffer output_;
    Reply reply_;
    Context cx_;
    Strings words_;  // of the last command: effects look into them
    ArgumentList list_;
    Strings expired_;
    Strings expired_members_;
};

}  // namespace keel::test
