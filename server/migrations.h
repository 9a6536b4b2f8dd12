// SPDX-License-Identifier: BSD-3-Clause
//
// All MIGRATEs under way: who waits for which, over which connection, until when, and which keys are on their way. What
// is sent, and what replies mean, is migration.h's.
//
//     begin() parks the client ─> settle(), each turn: replies read, keys removed, more sent ─> answer, client goes on
//                                        ^ news_        ^ touched
//                    OutgoingLink ───────'              '─── note(): what commands changed meanwhile
//
// Always true:
//   1. Keys are removed in settle() alone, between commands: never while a command, or a script that runs for long, is
//      at work. While clients are paused nothing is (data stands still then).
//   2. in_flight_ has each key that was sent for good and not acknowledged yet, once: two migrations do not have the
//   same
//      key on its way.
//   3. A client that goes leaves its migration to come to its end: what the target has, is removed here.
//   4. A connection serves one migration at a time. It waits kKeepUs for the next one to the same target with the same
//      login: who knows no password gets nobody else's connection.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "datatypes/command/context.h"
#include "datatypes/command/effects.h"
#include "server/key_spot.h"
#include "server/migration.h"

namespace keel {

class OutgoingLink;
class Session;
struct Server;

class Migrations {
  public:
    explicit Migrations(Server& server);
    ~Migrations();

    // Parks the caller of `cx` until it has its answer. The keys are there.
    void begin(Context& cx, MigrateRequest request);

    [[nodiscard]] bool any_in_flight() const { return !in_flight_.empty(); }
    // Notes which keys on their way are not what was sent any more. O(changes), but O(keys on their way) after a flush
    // or a swap.
    void note(const Effects& effects);
    // Goes on with whatever has news, or whose time is over. Once a turn.
    void settle() {
        if (!jobs_.empty()) [[unlikely]]
            look_at_all();
    }
    // When settle() has something to do even without news, by the steady clock.
    [[nodiscard]] std::optional<std::int64_t> next_look_us() const;
    // Ends connections that were not used for long; now and then.
    void cron();
    // The session is about to go.
    void forget(const Session& session);

    // For INFO: connections, in use or kept.
    [[nodiscard]] std::size_t link_count() const { return jobs_.size() + kept_.size(); }

  private:
    class Job;
    static constexpr std::int64_t kKeepUs = 10'000'000;
    static constexpr std::size_t kMostKept = 64;
    using Target = std::tuple<std::string, std::string, std::string, std::string>;  // host, port, user, password
    struct Kept {
        Target target;
        std::unique_ptr<OutgoingLink> link;
        std::int64_t since_us;
    };
    struct InFlight {
        const Job* job;
        bool touched;
    };

    void look_at_all();
    void answer(const Job& job);
    std::unique_ptr<OutgoingLink> kept_link(const Target& target);
    std::unique_ptr<OutgoingLink> new_link(const MigrateRequest& request);
    void keep(const Target& target, std::unique_ptr<OutgoingLink> link);

    Server& server_;
    std::vector<std::unique_ptr<Job>> jobs_;  // a handful: looked at one by one
    std::unordered_map<KeptKeySpot, InFlight, KeySpotHash, KeySpotEqual> in_flight_;
    std::vector<Kept> kept_;
    bool news_ = false;
};

}  // namespace keel
