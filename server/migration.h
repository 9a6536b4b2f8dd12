// SPDX-License-Identifier: BSD-3-Clause
//
// One MIGRATE: which commands go to the target, and what its replies mean for the keys. It knows no socket and no
// clock; server/migrations.h has those.
//
//     greeting -AUTH, SELECT answered-> sending -every key settled-> done
//
//     a key:   waiting -dump-> sent -OK, nobody touched it-> moved: removed here
//                 ^             | |-OK, touched since ------> waiting again, with REPLACE, up to kMostRounds
//                 |             | |-OK, removed here since -> taken back: DEL
//                 `-------------' `-error, or kMostRounds --> stays here; the first error is the reply
//
// Always true:
//   1. A key is removed here only in the moment its target's OK is read, and only if its value is the one that was
//   sent.
//   2. Before AUTH and SELECT were answered well no key is sent: none lands in another database.
//   3. Values are dumped one at a time, as far as there is room to send them: a migration of many keys holds about
//      kRoomBytes and one value.
//   4. What another client did to a key while it was on its way wins: a key that it removed is removed there, too; a
//   key
//      that changes faster than it can be sent stays here (then the target has an older copy, and the error says so).
//
// With COPY a key is sent as it is when its turn comes, and that is all.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/resp/reply_reader.h"

namespace keel {

struct MigrateRequest {
    std::string host;
    std::string port;  // as it was given
    int from_db = 0;   // here
    std::int64_t db = 0;
    std::int64_t timeout_ms = 1000;  // longest silence
    bool copy = false;
    bool replace = false;
    bool login = false;
    std::string user;  // empty: AUTH with a password alone
    std::string password;
    std::vector<std::string> keys;  // each once
};

// The keyspace that keys leave, as one migration sees it.
class MigrationSource {
  public:
    struct Dumped {
        std::string payload;
        std::int64_t ttl_ms;  // 0: none
        // ttl_ms is the deadline itself: one so far away that what is left of it might overflow where clocks differ.
        bool absolute = false;
    };
    virtual ~MigrationSource() = default;
    // The value and what is left of its life; nothing if there is none. From now on the key is watched, if `watched`.
    virtual Result<std::optional<Dumped>> dump(std::size_t key, bool watched) = 0;
    // Whether another migration has it on its way: it has to wait.
    [[nodiscard]] virtual bool taken(std::size_t key) const = 0;
    // Whether it was changed (also: removed by somebody) since it was dumped.
    [[nodiscard]] virtual bool touched(std::size_t key) const = 0;
    [[nodiscard]] virtual bool there(std::size_t key) const = 0;
    // Removes it, and tells all who care.
    virtual void remove(std::size_t key) = 0;
    // It is watched no more.
    virtual void let_go(std::size_t key) = 0;
};

class Migration {
  public:
    static constexpr int kMostRounds = 8;
    static constexpr std::size_t kRoomBytes = 256 * 1024;

    explicit Migration(MigrateRequest request);

    [[nodiscard]] const MigrateRequest& request() const { return request_; }
    // What to send first. Again after a connection was lost before anything was heard on it (restart()).
    [[nodiscard]] std::string greeting();
    void restart(MigrationSource& source);
    // Appends what can be sent now, as long as fewer than kRoomBytes wait to be sent, of which `unsent` are there.
    void pump(MigrationSource& source, std::size_t unsent, std::string& out);
    // The target's next reply. An error: it is one that nobody asked for.
    Status on_reply(MigrationSource& source, const ReplyValue& reply);

    [[nodiscard]] bool done() const { return expected_.empty() && (failed_ || (greeted_ && waiting_.empty())); }
    // Whether the target owes a reply.
    [[nodiscard]] bool expects() const { return !expected_.empty(); }
    // The client's reply, when done: nothing means OK.
    [[nodiscard]] const std::optional<std::string>& error() const { return error_; }

  private:
    struct Expected {
        enum class Kind : std::uint8_t { auth, select, restore, del } kind;
        std::size_t key = 0;
    };
    void note_error(std::string text);
    void restored(MigrationSource& source, std::size_t key);
    void take_back(std::size_t key, std::string& out);

    MigrateRequest request_;
    std::vector<int> rounds_;          // how often each key was sent
    std::deque<std::size_t> waiting_;  // keys to be sent, in this order
    std::deque<Expected> expected_;    // replies, in this order
    std::string urgent_;               // to be sent before more keys
    bool greeted_ = false;
    bool failed_ = false;  // the greeting was refused
    std::optional<std::string> error_;
};

}  // namespace keel
