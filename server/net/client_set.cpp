// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/client_set.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "datatypes/keyspace/lazy_free.h"
#include "protocol/base/log.h"
#include "protocol/base/number.h"
#include "protocol/resp/errors.h"
#include "server/client_info.h"
#include "server/cycle_clock.h"
#include "server/dispatch.h"
#include "server/net/tls_channel.h"
#include "server/stats.h"

namespace keel {

namespace {

// A request as multibulk, for one that has to wait behind its session.
void encode(std::span<const Bytes> words, std::string& out) {
    out += '*' + std::to_string(words.size()) + "\r\n";
    for (const Bytes word : words) {
        out += '$' + std::to_string(word.size()) + "\r\n";
        out += word;
        out += "\r\n";
    }
}

std::size_t encoded_bytes(std::span<const Bytes> words) {
    const auto digits = [](std::size_t n) { return integer_text(static_cast<std::int64_t>(n)).size(); };
    std::size_t bytes = 3 + digits(words.size());
    for (const Bytes word : words) bytes += 5 + digits(word.size()) + word.size();
    return bytes;
}

}  // namespace

ClientSet::ClientSet(Dispatcher& dispatcher, const Settings& settings, Stats& stats, const Clock& clock,
                     LazyFree& lazy_free)
    : dispatcher_(dispatcher),
      settings_(settings),
      stats_(stats),
      clock_(clock),
      lazy_free_(lazy_free),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      shared_(kSharedBytes) {
    KEEL_CHECK(epoll_ >= 0);
    batch_.reserve(kBatch);
}

ClientSet::~ClientSet() {
    for (const auto& [id, connection] : by_id_) ::close(connection->fd);
    ::close(epoll_);
}

Connection& ClientSet::of(Session& session) { return static_cast<Connection&>(session); }

Session& ClientSet::adopt(Accepted accepted) {
    const std::uint64_t id = next_id_++;
    RequestLimits limits;
    limits.max_bulk_bytes = settings_.clients.max_bulk_bytes;
    auto owned = std::make_unique<Connection>(id, accepted.fd, std::move(accepted.tls), limits, kShareBytes);
    Connection& connection = *owned;
    Session& session = connection;
    session.peer_address = std::move(accepted.peer);
    session.local_address = std::move(accepted.local);
    session.unix_socket = accepted.unix_socket;
    session.loopback = accepted.loopback;
    connection.refusal = accepted.refusal;
    session.created_ms = session.last_used_ms = clock_.wall_ms();
    if (on_open_) on_open_(session);
    by_id_.emplace(id, std::move(owned));
    account(connection);
    connection.events = EPOLLIN | EPOLLRDHUP;
    epoll_event event{.events = connection.events | EPOLLET, .data = {.ptr = &connection}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, accepted.fd, &event) != 0) close(session);
    ++stats_.connections_received;
    return session;
}

Session* ClientSet::find(std::uint64_t id) const {
    const auto found = by_id_.find(id);
    if (found == by_id_.end() || found->second->closing) return nullptr;
    return found->second.get();
}

// ---- A turn ----

bool ClientSet::wait(int most_ms) {
    const int count = epoll_wait(epoll_, ready_.data(), static_cast<int>(ready_.size()), most_ms);
    ready_count_ = static_cast<std::size_t>(std::max(count, 0));
    bool rang = false;
    for (std::size_t i = 0; i < ready_count_;) {
        if (ready_[i].data.ptr != nullptr) [[likely]] {
            ++i;
            continue;
        }
        rang = true;
        ready_[i] = ready_[--ready_count_];
    }
    return rang;
}

void ClientSet::add_bell(int descriptor, bool writes) {
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
    if (writes) event.events |= EPOLLOUT;
    KEEL_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0 || errno == EEXIST);
}

void ClientSet::remove_bell(int descriptor) { epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr); }

std::size_t ClientSet::turn(std::int64_t now_ms) {
    turn_ms_ = now_ms;
    const std::size_t count = std::exchange(ready_count_, 0);
    if ((count == 0 && !has_more()) || stopped_) return 0;
    const std::uint64_t started = CycleClock::ticks();
    const std::uint64_t executed_before = stats_.loop.execute_ns + stats_.loop.record_ns;

    // Taken out first: whoever is left over below, or comes to wait meanwhile, stands behind them.
    serving_.clear();
    serving_.swap(waiting_);
    begin_share();
    ready_at_ = 0;
    ready_end_ = count;
    ahead_end_ = 0;
    while (ready_at_ < ready_end_) {
        if (!has_ahead()) receive_ahead();
        if (ready_at_ == ready_end_) break;  // a script that ran for long had them answered meanwhile
        const epoll_event event = ready_[ready_at_];
        const Received ahead = ahead_[ready_at_++];
        if (event.data.ptr != nullptr) on_ready(*static_cast<Connection*>(event.data.ptr), event.events, ahead);
    }
    begin_share();
    std::size_t served = 0;
    for (; served < serving_.size() && !share_spent(); ++served) serve(*serving_[served]);
    run_batch();
    waiting_.insert(waiting_.begin(), serving_.begin() + static_cast<std::ptrdiff_t>(served), serving_.end());
    serving_.clear();
    // Whoever ended meanwhile is freed before the next turn.
    std::erase_if(waiting_, [](const Connection* connection) { return connection->buried; });
    const std::uint64_t took = CycleClock::ns(CycleClock::ticks() - started);
    const std::uint64_t executed = stats_.loop.execute_ns + stats_.loop.record_ns - executed_before;
    stats_.loop.read_ns += took > executed ? took - executed : 0;
    return served + count;
}

void ClientSet::begin_share() {
    share_ns_end_ = stats_.loop.execute_ns + kTurnNs;
    share_bytes_end_ = stats_.bytes_in + kTurnBytesIn;
}

bool ClientSet::share_spent() const {
    return stats_.loop.execute_ns >= share_ns_end_ || stats_.bytes_in >= share_bytes_end_;
}

// One of those who wait for their turn.
void ClientSet::serve(Connection& connection) {
    if (connection.buried) return;
    const bool resumes = std::exchange(connection.resumed, false);
    const bool rereads = std::exchange(connection.rereads, false);
    if (resumes) {
        process_own(connection);
        if (connection.ended) wrote_to(connection);
    }
    // One that is not read from now is told of what it has when it is watched again.
    if (rereads && !connection.buried && (connection.events & EPOLLIN) != 0) read(connection);
}

// Without input that waits, and without another way to read.
bool ClientSet::reads_shared(Connection& connection) {
    return connection.input.empty() && connection.parked == Parked::no && !connection.resumed &&
           connection.parser.wanted().empty();
}

// Those that are ready next: up to kReadsAhead reads at once, into the shared buffer.
void ClientSet::receive_ahead() {
    const std::size_t end = std::min(ready_end_, ready_at_ + kReadsAhead);
    const bool batched = end - ready_at_ >= kWorthBatching && batches_io();
    if (batched) {
        if (batch_.empty()) shared_used_ = 0;
        if (kSharedBytes - shared_used_ < (end - ready_at_) * kReadStride) {
            run_batch();
            shared_used_ = 0;
            if (ready_at_ == ready_end_) return;
        }
    }
    ahead_end_ = end;
    for (std::size_t i = ready_at_; i < ahead_end_; ++i) ahead_[i].at = nullptr;
    if (!batched) return;
    for (std::size_t i = ready_at_; i < ahead_end_; ++i) {
        auto* const connection = static_cast<Connection*>(ready_[i].data.ptr);
        if (connection == nullptr || (ready_[i].events & EPOLLIN) == 0 || connection->buried) continue;
        if (connection->tls != nullptr || !reads_shared(*connection)) continue;
        ahead_[i].at = shared_.data() + shared_used_;
        shared_used_ += kReadStride;
        io_.receive(connection->fd, {ahead_[i].at, kReadBytes});
    }
    if (io_.size() == 0) return;
    const std::span<const int> results = io_.run();
    std::size_t next = 0;
    for (std::size_t i = ready_at_; i < ahead_end_; ++i) {
        if (ahead_[i].at == nullptr) continue;
        ahead_[i].result = results[next++];
        if (ahead_[i].result == IoBatch::kNotDone) ahead_[i].at = nullptr;
    }
}

void ClientSet::take_received(Connection& connection, const Received& ahead) {
    // Meanwhile others' requests ran: the turn may be used up, or this session be told to wait.
    if (share_spent() || !reads_shared(connection)) [[unlikely]]
        return keep_received(connection, ahead);
    std::size_t got = 0;
    ++stats_.reads;
    if (received(connection, ahead.result, -ahead.result, kReadBytes, got)) process(connection, {ahead.at, got});
}

// For later, as input that waits.
void ClientSet::keep_received(Connection& connection, const Received& ahead) {
    std::size_t got = 0;
    ++stats_.reads;
    if (!received(connection, ahead.result, -ahead.result, kReadBytes, got)) return;
    connection.input.append({ahead.at, got});
    note_input(connection);
    if (connection.parked == Parked::no) wake(connection);
}

void ClientSet::on_ready(Connection& connection, std::uint32_t ready, const Received& ahead) {
    if (connection.buried) return;
    if ((ready & (EPOLLERR | EPOLLHUP)) != 0 && (ready & EPOLLIN) == 0) return close(connection);
    if ((ready & EPOLLOUT) != 0) wrote_to(connection);
    if ((ready & EPOLLRDHUP) != 0) connection.hung_up = true;
    if (ahead.at != nullptr) return take_received(connection, ahead);
    if ((ready & EPOLLIN) != 0) return share_spent() ? read_again(connection) : read(connection);
    // The peer closed its sending side while we do not read from it, because it has much to read first.
    if ((ready & EPOLLRDHUP) == 0) return;
    connection.ending = true;
    wrote_to(connection);
}

void ClientSet::read(Connection& connection) {
    // It had its share, and goes on by itself with what it sent: more than that may wait in the socket.
    const bool had_share = connection.parked == Parked::output && connection.output_queued;
    if (connection.resumed || had_share) return read_again(connection);
    ++stats_.reads;
    if (const auto room = connection.parser.wanted(); !room.empty()) return read_large(connection, room);
    if (!connection.input.empty() || connection.parked != Parked::no) return read_own(connection);
    read_shared(connection);
}

// False: nothing came, or the connection ended.
bool ClientSet::receive(Connection& connection, char* to, std::size_t room, std::size_t& got) {
    const ssize_t result =
        connection.tls == nullptr ? connection.receive({to, room}) : receive_tls(connection, {to, room});
    return received(connection, result, errno, room, got);
}

bool ClientSet::received(Connection& connection, ssize_t result, int failure, std::size_t room, std::size_t& got) {
    if (result <= 0) {
        if (result < 0 && failure == EINTR) read_again(connection);
        if (result < 0 && (failure == EAGAIN || failure == EINTR)) return false;
        // Who waits for something has gone; who has much to read may only have said all it wants.
        const bool waits = connection.parked == Parked::paused || connection.parked == Parked::blocked;
        if (result < 0 || waits) {
            close(connection);
        } else {
            connection.ended = true;
            wrote_to(connection);  // which closes it once it has nothing left to do
        }
        return false;
    }
    got = static_cast<std::size_t>(result);
    connection.bytes_in += got;
    connection.last_used_ms = turn_ms_;
    stats_.bytes_in += got;
    // A read that came back short has emptied the socket, but for the end that may stand behind it.
    if (got == room || connection.hung_up) [[unlikely]]
        read_again(connection);
    return true;
}

// Handshakes and keys cost more than bytes tell: what they took is part of the turn's share.
ssize_t ClientSet::receive_tls(Connection& connection, std::span<char> room) {
    TlsChannel& tls = *connection.tls;
    const std::uint64_t started = CycleClock::ticks();
    const ssize_t result = connection.receive(room);
    const int failure = errno;
    share_ns_end_ -= std::min(share_ns_end_, CycleClock::ns(CycleClock::ticks() - started));
    if (result < 0 && failure == EPROTO) {
        log_warning("Error {} a client connection: {} (addr={} laddr={})",
                    tls.established() ? "reading from" : "accepting", tls.error(), connection.peer_address,
                    connection.local_address);
    }
    // A part of a record came: behind it may stand the rest, or the end.
    if (tls.more() || (tls.took() && connection.hung_up)) read_again(connection);
    if (tls.unsent()) wrote_to(connection);
    if (tls.take_established()) {
        if (!connection.refusal.empty()) {
            connection.reply.error(Error{std::string{connection.refusal}});
            connection.close_after_reply = true;
        } else if (on_secured_) {
            on_secured_(connection, tls.peer_names(settings_.tls.auth_clients_user));
        }
        wrote_to(connection);
    }
    errno = failure;
    return result;
}

void ClientSet::read_again(Connection& connection) {
    if (connection.rereads || connection.buried) return;
    enqueue(connection);
    connection.rereads = true;
}

void ClientSet::enqueue(Connection& connection) {
    if (!connection.resumed && !connection.rereads) waiting_.push_back(&connection);
}

void ClientSet::read_shared(Connection& connection) {
    if (batch_.empty() && !has_ahead()) shared_used_ = 0;
    if (kSharedBytes - shared_used_ < kReadBytes) {
        if (has_ahead()) return read_own(connection);  // others' reads lie there
        run_batch();
        shared_used_ = 0;
    }
    char* const to = shared_.data() + shared_used_;
    std::size_t got = 0;
    if (!receive(connection, to, kReadBytes, got)) return;
    shared_used_ += got;
    process(connection, {to, got});
}

void ClientSet::read_own(Connection& connection) {
    std::size_t got = 0;
    const bool came = receive(connection, connection.input.room(kReadBytes), kReadBytes, got);
    connection.input.filled(got);
    if (!came) return note_input(connection);
    if (connection.parked == Parked::no) process_own(connection);
    note_input(connection);
}

void ClientSet::read_large(Connection& connection, std::span<char> room) {
    std::size_t got = 0;
    if (!receive(connection, room.data(), room.size(), got)) return;
    connection.parser.filled(got);
    if (connection.parser.wanted().empty()) process(connection, {});
    note_input(connection);
}

// `input` lies in the shared buffer (or is empty): what is not used up moves to the connection.
void ClientSet::process(Connection& connection, Bytes input) {
    busy_with_ = &connection;
    const std::size_t taken = gather(connection, input);
    busy_with_ = nullptr;
    keep_rest(connection, input.substr(taken));
}

void ClientSet::process_own(Connection& connection) {
    // The batch looks into these bytes until it has run; meanwhile requests may be taken back into input.
    PendingInput own = std::exchange(connection.input, {});
    busy_with_ = &connection;
    std::size_t taken = gather(connection, own.bytes());
    if (!run_batch_before(own.bytes().substr(taken))) taken = own.size();
    busy_with_ = nullptr;
    own.take(taken);
    own.put_back(connection.input.bytes());
    connection.input = std::move(own);
    if (taken >= kReadBytes && !connection.input.empty() && connection.parked == Parked::no) wake(connection);
    keep_rest(connection, {});
}

// Adds the requests of `input` to the batch; returns how many bytes they took. Ends early where the session can't go
// on, and after about one read's worth: the rest waits for the next turn.
std::size_t ClientSet::gather(Connection& connection, Bytes input) {
    Session& session = connection;
    RequestParser& parser = connection.parser;
    std::size_t taken = 0;
    while (session.parked == Parked::no && !session.closing && !session.close_after_reply && !stopped_) {
        const std::size_t start = taken;
        parser.limits().authenticated = session.authenticated;
        parser.limits().max_bulk_bytes = settings_.clients.max_bulk_bytes;
        const auto outcome = parser.next(input.substr(taken), words_);
        taken += parser.consumed();
        if (outcome == RequestParser::Outcome::complete) {
            const Request& request = parser.request();
            Item& item = batch_.emplace_back(Item{&connection, request.first, request.count, {}});
            item.call.request_bytes = request.raw.size();
            item.call.raw = request.raw;
            if (request.raw.empty()) [[unlikely]]
                item.call.request_bytes = encoded_bytes(words_.view(request.first, request.count));
            // AUTH lifts limits for what follows it: a stranger's requests run one by one.
            if (batch_.size() == kBatch || !session.authenticated) {
                if (!run_batch_before(input.substr(taken))) return input.size();
            }
            if (taken >= kReadBytes) break;
            continue;
        }
        if (outcome == RequestParser::Outcome::error) {
            run_batch();
            if (session.parked != Parked::no) {  // the error's turn comes after what waits before it
                parser.reset();
                return start;
            }
            protocol_error(connection);
            return input.size();
        }
        const auto large = parser.large_argument();
        if (!large || *large > settings_.clients.query_buffer_limit_bytes) break;
        run_batch();  // a session that parks now keeps its input as bytes
        if (session.parked != Parked::no || session.closing) break;
        parser.adopt(LargeBlock{*large, sizeof(Block)}, input.substr(taken));
        return input.size();
    }
    return taken;
}

void ClientSet::keep_rest(Connection& connection, Bytes rest) {
    if (connection.closing || connection.close_after_reply) {
        rest = {};
        connection.input.clear();
    }
    if (!rest.empty()) connection.input.append(rest);
    note_input(connection);
}

void ClientSet::note_input(Connection& connection) {
    Session& session = connection;
    session.input_bytes = connection.input.size();
    session.input_capacity = connection.input.capacity();
    session.argument_bytes = connection.parser.memory_bytes();
    account(connection);
    const std::size_t held = session.input_bytes + session.argument_bytes;
    recent_max_input_ = std::max(recent_max_input_, held);
    if (held <= settings_.clients.query_buffer_limit_bytes || session.client_class == ClientClass::primary) return;
    ++stats_.query_limit_disconnections;
    log_warning("Closing client that reached max query buffer length: {} ({} bytes)",
                client_line(session, clock_.wall_ms()), held);
    close(session);
}

void ClientSet::account(Connection& connection) {
    if (connection.buried) return;
    if (connection.tls != nullptr) [[unlikely]]
        connection.transport_bytes = connection.tls->memory_bytes();
    const std::size_t now = connection.memory_bytes();
    memory_bytes_ += now - connection.accounted;
    connection.accounted = now;
}

void ClientSet::protocol_error(Connection& connection) {
    Session& session = connection;
    const Error& error = connection.parser.error();
    log_verbose("Protocol error ({}) from client: {}", error.text(), client_line(session, clock_.wall_ms()));
    session.reply.error(error);
    stats_.count_error(error.text());
    session.close_after_reply = true;
    wrote_to(session);
}

// ---- Batches ----

void ClientSet::fetch_ahead() {
    for (const int stage : {1, 2}) {
        for (const Item& item : batch_) dispatcher_.prefetch_key(item.call, *item.connection, stage);
    }
    bool members = false;
    for (Item& item : batch_) members = dispatcher_.prefetch_value(item.call, *item.connection) || members;
    if (!members) return;
    for (const int stage : {1, 2}) {
        for (const Item& item : batch_) dispatcher_.prefetch_member(item.call, stage);
    }
}

void ClientSet::run_batch() {
    if (batch_.empty()) return;
    for (Item& item : batch_) {
        item.call.words = words_.view(item.first_word, item.word_count);
        item.call.list = &words_;
        item.call.first_word = item.first_word;
        item.call.stays = true;
        dispatcher_.resolve(item.call, *item.connection);
    }
    if (batch_.size() > 1) fetch_ahead();
    dispatcher_.begin_laps();
    for (std::size_t i = 0; i < batch_.size(); ++i) {
        Connection* connection = batch_[i].connection;
        if (connection == nullptr || stopped_) continue;
        Session& session = *connection;
        if (session.closing || session.close_after_reply) continue;
        running_at_ = i;
        running_ = connection;
        const Ran ran = dispatcher_.execute(session, batch_[i].call);
        running_ = nullptr;
        wrote_to(session);
        if (ran == Ran::parked) {
            take_back(*connection, i);
            continue;
        }
        if (session.parked == Parked::no) check_output(*connection);
        if (session.parked == Parked::no && session.output.bytes() >= connection->output_mark) [[unlikely]]
            session.parked = Parked::output;
        if (session.parked != Parked::no) [[unlikely]] {
            take_back(*connection, i + 1);
            if (session.parked == Parked::output && share_spent()) put_off(i + 1);
        }
        // The peer closed its sending side before the command came to run: nobody tells us of its going any more.
        if (session.parked == Parked::blocked && connection->ended) close(session);
    }
    dispatcher_.end_batch();
    batch_.clear();
    words_.clear();
}

// In the middle of the input of the one that is being read: `rest` is what no request of was taken yet. False: a script
// that ran for long has kept that in the connection, to have it answered.
bool ClientSet::run_batch_before(Bytes rest) {
    rest_ = rest;
    run_batch();
    return std::exchange(rest_, std::nullopt).has_value();
}

// The requests of this connection from item `from` on wait behind it, in front of what it holds already.
void ClientSet::take_back(Connection& connection, std::size_t from) {
    std::string waiting;
    for (std::size_t i = from; i < batch_.size(); ++i) {
        if (batch_[i].connection != &connection) continue;
        encode(batch_[i].call.words, waiting);
        batch_[i].connection = nullptr;
    }
    if (waiting.empty()) return;
    connection.input.put_back(waiting);
    connection.parser.reset();
    note_input(connection);
}

// Large replies have used the turn up: what is left of the batch waits for the next one.
void ClientSet::put_off(std::size_t from) {
    for (std::size_t i = from; i < batch_.size(); ++i) {
        Connection* connection = batch_[i].connection;
        if (connection == nullptr) continue;
        if (connection->parked == Parked::no) connection->parked = Parked::output;
        take_back(*connection, i);
        wrote_to(*connection);  // which lets it go on
    }
}

// ---- Ends ----

void ClientSet::close(Session& session, bool politely) {
    Connection& connection = of(session);
    if (politely && !session.closing) {
        session.close_after_reply = true;
        return wrote_to(session);
    }
    if (!session.closing) {
        session.closing = true;
        if (on_close_) on_close_(session);
    }
    bury(connection);
}

void ClientSet::bury(Connection& connection) {
    if (connection.buried) return;
    connection.buried = true;
    memory_bytes_ -= connection.accounted;
    epoll_ctl(epoll_, EPOLL_CTL_DEL, connection.fd, nullptr);
    if (busy_) ::shutdown(connection.fd, SHUT_RDWR);  // it is freed when the script is over: its peer need not wait
    for (Item& item : batch_) {
        if (item.connection == &connection) item.connection = nullptr;
    }
    std::erase(waiting_, &connection);
    // Whoever ends between wait() and turn() is freed before the turn looks at what was ready.
    for (std::size_t i = 0; i < ready_count_; ++i) {
        if (ready_[i].data.ptr == &connection) ready_[i].data.ptr = nullptr;
    }
    graves_.push_back(&connection);
}

void ClientSet::free_buried() {
    if (graves_.empty()) [[likely]]
        return;
    std::erase_if(to_write_, [](const Connection* connection) { return connection->buried; });
    std::erase_if(held_, [](const Connection* connection) { return connection->buried; });
    for (Connection* connection : graves_) {
        if (on_close_) on_close_(*connection);
        if (connection->tls != nullptr) connection->tls->say_goodbye(connection->fd);
        ::close(connection->fd);
        free_output(*connection);
        by_id_.erase(connection->id);
    }
    graves_.clear();
}

// What a client did not read may be gigabytes, whose freeing takes tenths of a second.
void ClientSet::free_output(Connection& connection) {
    constexpr std::size_t kMuch = 1024 * 1024;
    if (connection.output.memory_bytes() < kMuch) [[likely]]
        return;
    lazy_free_.submit(1, [owned = std::make_shared<OutputBuffer>(std::move(connection.output))] {});
}

void ClientSet::wake(Session& session) {
    Connection& connection = of(session);
    session.parked = Parked::no;
    if (connection.resumed || connection.buried) return;
    enqueue(connection);
    connection.resumed = true;
}

void ClientSet::wake_all(Parked why) {
    for (const auto& [id, connection] : by_id_) {
        if (connection->parked == why) wake(*connection);
    }
}

// ---- Time ----

void ClientSet::cron(std::int64_t now_ms) {
    // All sessions once a second at ten calls a second, at least 5 a call.
    const std::size_t share = std::max<std::size_t>(by_id_.size() / 10, 5);
    const std::int64_t idle_limit_ms = std::int64_t{settings_.clients.idle_timeout_s} * 1000;
    auto at = by_id_.lower_bound(cron_at_);
    for (std::size_t i = 0; i < share && !by_id_.empty(); ++i) {
        if (at == by_id_.end()) at = by_id_.begin();
        Connection& connection = *at->second;
        Session& session = connection;
        ++at;
        if (session.closing) continue;
        check_output(connection);
        const bool may_idle = session.client_class == ClientClass::normal && session.parked != Parked::blocked &&
                              !session.subscribed() && !session.monitor;
        if (idle_limit_ms > 0 && may_idle && now_ms - session.last_used_ms > idle_limit_ms) {
            log_verbose("Closing idle client");
            close(session);
        }
    }
    cron_at_ = at == by_id_.end() ? 0 : at->first;
    recent_max_input_ = recent_max_input_ * 7 / 8;
    recent_max_output_ = recent_max_output_ * 7 / 8;
}

void ClientSet::evict_clients() {
    const std::uint64_t limit = settings_.clients.max_memory.of(settings_.memory.max_bytes);
    if (limit == 0 || memory_bytes_ <= limit) return;
    std::vector<Connection*> largest;
    for (const auto& [id, connection] : by_id_) {
        account(*connection);
        const bool exempt = connection->closing || connection->no_evict ||
                            connection->client_class == ClientClass::replica ||
                            connection->client_class == ClientClass::primary;
        if (!exempt) largest.push_back(connection.get());
    }
    std::sort(largest.begin(), largest.end(),
              [](const Connection* a, const Connection* b) { return a->accounted > b->accounted; });
    std::size_t total = memory_bytes_;
    for (Connection* connection : largest) {
        if (total <= limit) return;
        log_notice("Evicting client: {}", client_line(*connection, clock_.wall_ms()));
        ++stats_.evicted_clients;
        total -= connection->accounted;
        close(*connection);
    }
}

// ---- The end ----

void ClientSet::drain(std::int64_t budget_us) {
    flush();
    const std::int64_t end_us = clock_.steady_us() + budget_us;
    for (;;) {
        bool waiting = false;
        for (const auto& [id, connection] : by_id_) {
            const bool has_output = connection->has_output() && !connection->closing;
            waiting = waiting || has_output;
            if (!connection->buried) watch(*connection, has_output ? std::uint32_t{EPOLLOUT} : 0U);
        }
        const std::int64_t left_us = end_us - clock_.steady_us();
        if (!waiting || left_us <= 0) return;
        std::array<epoll_event, 256> ready;
        const int count =
            epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), static_cast<int>(left_us / 1000) + 1);
        for (int i = 0; i < count; ++i) {
            auto& event = ready[static_cast<std::size_t>(i)];
            if (event.data.ptr == nullptr) continue;  // a bell: nobody hears it any more
            auto& connection = *static_cast<Connection*>(event.data.ptr);
            if ((event.events & EPOLLOUT) != 0)
                wrote_to(connection);
            else
                close(connection);
        }
        flush();
    }
}

}  // namespace keel
