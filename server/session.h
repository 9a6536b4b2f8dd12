// SPDX-License-Identifier: BSD-3-Clause
//
// Who is talking: the state that a client's commands see and change. It knows no socket; its connection
// (net/connection.h) does.
//
// Always true:
//   1. `id` is never used twice; whoever must remember a session across turns keeps the id, not a pointer.
//   2. Output goes to `output`, and is sent once the turn is over.
//   3. A session that is `closing` runs no further command; an EXEC in which it ended goes on to its end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datatypes/command/caller.h"
#include "datatypes/command/context.h"
#include "protocol/resp/output_buffer.h"
#include "protocol/resp/reply.h"
#include "server/subscriber.h"
#include "server/tracker.h"
#include "server/transaction.h"

namespace keel {

class Command;
namespace acl {
class User;
}

// Which client-output-buffer-limit and maxmemory-clients treatment applies.
enum class ClientClass : std::uint8_t { normal, replica, pubsub, primary };

// What a session does with replies (CLIENT REPLY).
enum class ReplyMode : std::uint8_t { on, off, skip_next, skip_this };

// Why a session runs nothing for now.
enum class Parked : std::uint8_t {
    no,
    paused,   // CLIENT PAUSE: its next request waits where it is
    blocked,  // a blocking command waits for keys, or MIGRATE for its target
    output,   // it has much to read before more is done for it
};

class Session : public Caller {
  public:
    explicit Session(std::uint64_t session_id) : id(session_id), reply(output) {}
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const std::uint64_t id;
    OutputBuffer output;
    Reply reply;

    // Who.
    std::string name;
    std::shared_ptr<const acl::User> rights;  // its user; null: one that may do nothing (it is not from a client)
    [[nodiscard]] Bytes user_name() const;
    [[nodiscard]] bool reads_all_keys(const Command& command, std::span<const Bytes> words) const override;
    std::string lib_name;
    std::string lib_ver;
    bool authenticated = false;
    std::string peer_address;   // "127.0.0.1:1234", "/path:0"
    std::string local_address;  // where it connected to
    int fd = -1;
    bool unix_socket = false;
    bool loopback = false;

    // How.
    ClientClass client_class = ClientClass::normal;
    ReplyMode reply_mode = ReplyMode::on;
    Parked parked = Parked::no;
    bool closing = false;            // to be freed at the end of the turn; output is dropped
    bool close_after_reply = false;  // to be freed once its output is sent
    bool no_evict = false;
    bool no_touch = false;
    bool monitor = false;
    bool understands_redirect = false;  // CLIENT CAPA redirect
    bool reads = true;                  // its socket is watched for input,
    bool writes = false;                //   for room for output

    // Pub/Sub, counted here so that CLIENT LIST and the RESP2 gate need no look-up.
    std::uint32_t channels = 0;
    std::uint32_t patterns = 0;
    std::uint32_t shard_channels = 0;
    std::unique_ptr<Subscriber> subscriber;  // null while it listens to nothing; PubSub's
    [[nodiscard]] bool subscribed() const { return channels + patterns + shard_channels != 0; }

    std::unique_ptr<Tracker> tracker;          // null while client-side caching is off
    std::unique_ptr<Transaction> transaction;  // null while nothing is queued or watched
    [[nodiscard]] bool in_transaction() const { return transaction && transaction->open; }

    // Figures for CLIENT LIST.
    std::int64_t created_ms = 0;
    std::int64_t last_used_ms = 0;
    const Command* last_command = nullptr;
    std::uint64_t commands = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    // Set when the errors just replied are counted already: as how many failures of the command they count.
    std::optional<std::uint64_t> failures;
    std::size_t input_bytes = 0;        // unparsed input held
    std::size_t input_capacity = 0;     // memory held for input
    std::size_t argument_bytes = 0;     // of the request being gathered
    std::size_t held_bytes = 0;         // of messages that wait for the end of its command
    std::size_t waiting_bytes = 0;      // of the command that waits for keys
    std::size_t transport_bytes = 0;    // what its TLS holds
    std::size_t output_peak_bytes = 0;  // the most output that waited at the end of a turn
    // Parts of the output that wait for the log, in order: from `begin` on (as output_end() counts), until the log is
    // durable up to `offset`. `answers`: the reply to a write of its own is in it, not only messages about others'.
    struct ReplyMark {
        std::uint64_t begin;
        std::uint64_t offset;
        bool answers;
    };
    std::vector<ReplyMark> reply_marks;
    std::int64_t soft_limit_since_ms = 0;  // when the output first passed its soft limit; 0: it is below

    // Where the next byte of output will stand, counted from the connection's first.
    [[nodiscard]] std::uint64_t output_end() const { return bytes_out + output.bytes(); }

    // Memory that counts for maxmemory-clients and CLIENT LIST tot-mem.
    [[nodiscard]] std::size_t memory_bytes() const {
        return sizeof(Session) + 1024 + name.capacity() + output.memory_bytes() + input_capacity + argument_bytes +
               waiting_bytes + held_bytes + transport_bytes + (tracker ? tracker->bytes : 0) +
               (subscriber ? subscriber->bytes : 0) + (transaction ? transaction->memory_bytes() : 0);
    }
};

// The session behind a context: server commands are only ever called by one.
[[nodiscard]] inline Session& session_of(const Context& cx) { return static_cast<Session&>(*cx.caller); }

}  // namespace keel
