// SPDX-License-Identifier: BSD-3-Clause
//
// All client connections: reads, parses, runs and writes them, a turn at a time.
//
// The sockets stand in an epoll set of their own, in which the loop (loop.h) waits. A turn takes
// every ready socket, reads once from each, and gathers requests of all of them into batches of up to 64. For a
// batch the commands are looked up, the memory their keys lie in is asked for ahead, and then they run in order.
// System calls are recv, send and one epoll_wait a turn; epoll_ctl only where reading stops or output does not fit.
// Where several are ready, their recv and send go to the kernel together (IoBatch): before the first of them is looked
// at,
//
//     ready:   A  B  C  D  E ...      shared:  | A's read | B's | - | D's | ...     C has its own way: TLS, or input
//     that waits
//                    ^ready_at_                                                  (receive_ahead)
//
// and, for short replies, before the first is accounted for (send_ahead).
//
// Always true:
//   1. Requests of one connection run in the order they came; a parked session runs none, and keeps what it sent.
//   2. Views of a batch's words are good until the batch has run: the shared buffer is not reused before.
//   3. A connection that ends during a turn is marked closing, and freed when the turn is over.
//   4. Output is written once a turn, after all that was ready has run; what does not fit waits for EPOLLOUT. Of a
//      client that does not read its output no further request is run: it holds at most kOutputHighWater and one reply.
//      What it sends is still taken, up to client-query-buffer-limit: many libraries send a whole pipeline before they
//      read.
//   5. A client that closed its sending side gets all its replies, unless it comes to wait, for a key or through a
//      pause: then it is taken for gone and closed, as in Redis.
//   6. The set is edge-triggered: it tells of an arrival once, which spares a look at every served socket each turn. So
//      whoever leaves something unread says so (read_again), and whoever stops writing while the socket would take more
//      asks anew (watch).
//   7. A turn is short, whatever clients ask for. One connection makes and writes about kShareBytes of output in it,
//      and from what it sent before no more than one read's worth of requests runs. All together get kTurnNs of running
//      (or kTurnBytesIn of requests): those with news first, then as much again for those left over from earlier turns,
//      in the order they came (waiting_); and kTurnBytesOut of writing, short replies in any case. What is left over
//      goes on next turn, which does not wait. A turn is cut between connections, by counters that are kept anyway; a
//      command is never cut, so a reply of many megabytes is made in one turn.
//
// A script that runs for long (busy-reply-threshold) has others answered in the middle of its turn: Lua calls back now
// and then, and serve_while_busy() looks at the sockets. It takes no part in the batch that is running:
//
//     turn -> read A -> batch | EVAL of A | GET of B | GET of A |
//                                 `- serve_while_busy: GET of B, and all that B and others send, is answered (BUSY, or
//                                    SCRIPT KILL done) and written at once; what A sent waits, and whoever was being
//                                    read
//
//   8. It touches neither words_ nor the shared buffer, adds nothing to the batch, and takes out of it only what it has
//      answered. What it reads goes through the connection's own input, so that the order of its requests stays; so
//      does the rest of what was being read when the script began (rest_). Of A, and of one whose rest it does not know
//      (busy_with_), it only notes that there is news: read_again.
//   9. Nobody is freed in it (3 holds: the turn is not over), no key expires or is evicted, no cron runs.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "conf/settings.h"
#include "protocol/base/mapped_bytes.h"
#include "server/call.h"
#include "server/net/connection.h"
#include "server/net/io_batch.h"

namespace keel {

class Dispatcher;
class LazyFree;
struct Stats;

// A connection as the listener hands it over. The addresses are as CLIENT LIST shows them.
struct Accepted {
    int fd;
    std::string peer;
    std::string local;
    bool unix_socket = false;
    bool loopback = false;
    std::unique_ptr<TlsChannel> tls;  // null: plain
    Bytes refusal{};  // what it is told instead of being served, once its TLS stands; lives as long as the process
};

class ClientSet {
  public:
    ClientSet(Dispatcher& dispatcher, const Settings& settings, Stats& stats, const Clock& clock, LazyFree& lazy_free);
    ~ClientSet();

    // Takes over an accepted, non-blocking socket.
    Session& adopt(Accepted accepted);

    // Waits until a connection is ready or a bell rings, at most `most_ms` (0: not at all), and notes which connections
    // are, for turn(). True: a bell rang.
    bool wait(int most_ms);
    // From now on wait() also ends when something new is to be read from this descriptor, which is another's to read
    // (or, `writes`: when it came to be connected, or to take more): a bell. It rings once for each arrival. Closing
    // the descriptor takes it off, unless another one stands for the same file: then it has to be taken off before.
    void add_bell(int descriptor, bool writes = false);
    void remove_bell(int descriptor);
    // One turn, at the moment `now_ms`: everything that is ready, and sessions that were woken. Returns how many
    // connections had something to do.
    std::size_t turn(std::int64_t now_ms);
    // See the story. True: a bell rang.
    bool serve_while_busy();
    // The stretch of others' requests is over: the script goes on, or has ended.
    void end_busy() { busy_ = false; }
    // There is something to do without waiting: sessions that were woken, that sent more than one read took, or that
    // had no share in the turn.
    [[nodiscard]] bool has_more() const { return !waiting_.empty() || !to_write_.empty(); }
    // Writes what sessions have to say, frees those that ended. To be called at the end of each turn, and after
    // anything that may have written to a session.
    void flush();

    // ---- For commands ----

    [[nodiscard]] std::size_t count() const { return by_id_.size(); }
    [[nodiscard]] Session* find(std::uint64_t id) const;
    template <typename F>
    void each(F&& visit) const {
        for (const auto& [id, connection] : by_id_) {
            if (!connection->closing) visit(static_cast<Session&>(*connection));
        }
    }
    // Ends a session at the end of this turn, its output lost; or, `politely`, once its output is sent.
    void close(Session& session, bool politely = false);
    // To be called when something was written to a session other than the one whose command runs.
    void wrote_to(Session& session);
    // The same when it did not ask for it (messages): the session ends here and now if that took it over its output
    // limit, so that one who does not read costs no more than the limit.
    void pushed_to(Session& session);
    // A parked session goes on with what it has sent.
    void wake(Session& session);
    void wake_all(Parked why);

    // A limit of a few bytes must not make an ordinary reply deadly: Redis does not count its 16 KiB buffer either.
    static constexpr std::size_t kOutputUncounted = 20 * 1024;
    // Ends a session that has more output waiting than it may (client-output-buffer-limit).
    void check_output(Session& session);

    // ---- Replies that wait for the disk (appendfsync always) ----

    // The log is durable up to `offset`: output that waits for no more than that (Session::reply_marks) may go; the
    // rest is held, while the server goes on.
    void set_durable(std::uint64_t offset);
    // What is held cannot be made durable: in its place goes `refusal`, and the connection ends. One that got a part of
    // it already ends at once.
    void refuse_held(const Error& refusal);
    // Lets go all that is held: nothing waits for the disk any more. O(clients)
    void release_held();
    [[nodiscard]] bool holds_replies() const { return !held_.empty(); }

    // ---- Time ----

    // Closes idle sessions, ends those above a limit too long; to be called now and then. Looks at a part of all
    // sessions each time, so that one call is short.
    void cron(std::int64_t now_ms);
    // Frees memory of clients until it is below maxmemory-clients, the largest client first.
    void evict_clients();
    [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }

    // The process is to end: no request runs any more, in this turn either.
    void stop() { stopped_ = true; }
    // The end: writes what waits for at most `budget_us`, as far as clients take it, and reads nothing more.
    void drain(std::int64_t budget_us);

    // Told of each session when it comes, when it ends, and once more before it is freed: the rest of an EXEC in which
    // it ended may have entered it somewhere.
    void set_on_open(std::function<void(Session&)> hook) { on_open_ = std::move(hook); }
    void set_on_close(std::function<void(Session&)> hook) { on_close_ = std::move(hook); }
    // Told when a session's TLS stands, before anything that it sent runs, with the names that its certificate may be a
    // user by.
    using OnSecured = std::function<void(Session&, const std::vector<std::string>& names)>;
    void set_on_secured(OnSecured hook) { on_secured_ = std::move(hook); }
    [[nodiscard]] std::uint64_t next_id() const { return next_id_; }
    // Seconds-grade maxima of the recent past, for INFO.
    [[nodiscard]] std::size_t recent_max_input() const { return recent_max_input_; }
    [[nodiscard]] std::size_t recent_max_output() const { return recent_max_output_; }

  private:
    struct Item {
        Connection* connection;  // null: taken back, or its connection ended
        std::size_t first_word;
        std::size_t word_count;
        Call call;
    };
    static constexpr std::size_t kBatch = 64;
    static constexpr std::size_t kReadBytes = 32 * 1024;
    // Room for a read of each connection in a batch of them. A line lies between two, or all would begin in the same
    // few lines of the processor's cache.
    static constexpr std::size_t kReadStride = kReadBytes + 64;
    static constexpr std::size_t kReadsAhead = 64;
    static constexpr std::size_t kSharedBytes = kReadsAhead * kReadStride;
    static constexpr std::size_t kWorthBatching = 3;  // sockets at once; for fewer a call each is as quick
    // Above: its requests wait until it has read half of that.
    static constexpr std::size_t kOutputHighWater = 64 * 1024 * 1024;
    // Shares of a turn (7).
    static constexpr std::size_t kShareBytes = 1024 * 1024;
    static constexpr std::uint64_t kTurnNs = 500'000;
    static constexpr std::uint64_t kTurnBytesIn = 1024 * 1024;
    static constexpr std::uint64_t kTurnBytesOut = 4 * 1024 * 1024;
    static constexpr std::size_t kShortReply = 16 * 1024;

    // A read that a batch has made: `result` bytes at `at`, or -errno. at == null: there was none.
    struct Received {
        char* at = nullptr;
        int result = 0;
    };

    void begin_share();
    [[nodiscard]] bool batches_io() { return settings_.network.io_uring && io_.open(); }
    void receive_ahead();
    [[nodiscard]] static bool reads_shared(Connection& connection);
    [[nodiscard]] bool has_ahead() const { return ready_at_ < ahead_end_; }
    void take_received(Connection& connection, const Received& ahead);
    void keep_received(Connection& connection, const Received& ahead);
    void send_ahead();
    [[nodiscard]] bool share_spent() const;
    void serve(Connection& connection);
    void on_ready(Connection& connection, std::uint32_t ready, const Received& ahead);
    void read(Connection& connection);
    void read_shared(Connection& connection);
    void read_own(Connection& connection);
    void read_large(Connection& connection, std::span<char> room);
    bool receive(Connection& connection, char* to, std::size_t room, std::size_t& got);
    bool received(Connection& connection, ssize_t result, int failure, std::size_t room, std::size_t& got);
    ssize_t receive_tls(Connection& connection, std::span<char> room);
    void process(Connection& connection, Bytes input);
    void process_own(Connection& connection);
    std::size_t gather(Connection& connection, Bytes input);
    void keep_rest(Connection& connection, Bytes rest);
    void fetch_ahead();
    void write_out();
    void run_batch();
    bool run_batch_before(Bytes rest);
    void take_back(Connection& connection, std::size_t from);
    void put_off(std::size_t from);
    [[nodiscard]] bool held_up(const Connection& connection) const;
    void answer_batch_while_busy();
    void answer_rest_while_busy();
    void on_ready_while_busy(Connection& connection, std::uint32_t ready);
    void read_while_busy(Connection& connection);
    void process_while_busy(Connection& connection);
    void protocol_error(Connection& connection);
    void write(Connection& connection);
    void go_on(Connection& connection);
    void hold(Connection& connection);
    [[nodiscard]] std::size_t may_go(Connection& connection) const;
    void refuse(Connection& connection, const Error& refusal);
    void watch(Connection& connection, std::uint32_t events, bool anew = false);
    void read_again(Connection& connection);
    void enqueue(Connection& connection);
    void note_input(Connection& connection);
    void account(Connection& connection);
    void free_buried();
    void free_output(Connection& connection);
    void bury(Connection& connection);
    [[nodiscard]] static Connection& of(Session& session);
    [[nodiscard]] const OutputLimit& output_limit(const Session& session) const;

    Dispatcher& dispatcher_;
    const Settings& settings_;
    Stats& stats_;
    const Clock& clock_;
    LazyFree& lazy_free_;
    int epoll_;
    std::array<epoll_event, 256> ready_;
    std::size_t ready_count_ = 0;
    std::size_t ready_at_ = 0;   // of the turn that runs: the next one to be looked at,
    std::size_t ready_end_ = 0;  //   and where they end
    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, std::unique_ptr<Connection>> by_id_;

    IoBatch io_;
    std::array<Received, 256> ahead_;  // beside ready_
    std::size_t ahead_end_ = 0;        // up to here reads were made ahead, where they could be

    MappedBytes shared_;
    std::size_t shared_used_ = 0;
    ArgumentList words_;
    std::vector<Item> batch_;
    bool stopped_ = false;
    bool busy_ = false;                    // between serve_while_busy() and end_busy()
    std::size_t running_at_ = 0;           // in the batch
    const Connection* running_ = nullptr;  // whose request runs
    Connection* busy_with_ = nullptr;      // whose input is being taken apart,
    std::optional<Bytes> rest_;            //   and what is left of it, where the batch runs in its middle
    ArgumentList busy_words_;              // in serve_while_busy()
    std::vector<Connection*> to_write_;
    std::vector<Connection*> held_;  // output waits for the disk
    std::uint64_t durable_offset_ = 0;
    std::vector<Connection*> waiting_;   // to be served without news of them, in this order
    std::vector<Connection*> serving_;   // those of them whose turn this is
    std::uint64_t share_ns_end_ = 0;     // of stats_.loop.execute_ns
    std::uint64_t share_bytes_end_ = 0;  // of stats_.bytes_in
    std::int64_t turn_ms_ = 0;           // when this turn began
    std::vector<Connection*> graves_;
    std::function<void(Session&)> on_open_;
    std::function<void(Session&)> on_close_;
    OnSecured on_secured_;
    std::uint64_t cron_at_ = 0;     // id from which the next cron goes on
    std::size_t memory_bytes_ = 0;  // of all sessions, as last looked at
    std::size_t recent_max_input_ = 0;
    std::size_t recent_max_output_ = 0;
};

}  // namespace keel
