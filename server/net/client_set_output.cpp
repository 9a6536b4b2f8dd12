// SPDX-License-Identifier: BSD-3-Clause
//
// ClientSet's output: what sessions have said leaves at the end of a turn, as far as limits, shares and the disk let
// it.
//
//     wrote_to ─> to_write_ ── flush: send_ahead (short ones, in one system call), then write() each ──> socket
//                                  `─ waits for the log (Session::reply_marks) ─> held_ ── set_durable ─> to_write_
//
// Truths 4, 5 and 7 of client_set.h are kept here.
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "protocol/base/log.h"
#include "server/client_info.h"
#include "server/cycle_clock.h"
#include "server/net/client_set.h"
#include "server/net/tls_channel.h"
#include "server/stats.h"

namespace keel {

// ---- Output ----

const OutputLimit& ClientSet::output_limit(const Session& session) const {
    switch (session.client_class) {
        case ClientClass::replica: return settings_.clients.replica_output;
        case ClientClass::pubsub: return settings_.clients.pubsub_output;
        default: return settings_.clients.normal_output;
    }
}

void ClientSet::check_output(Session& session) {
    const std::size_t held = session.output.memory_bytes() + session.held_bytes;
    if (held <= kOutputUncounted) [[likely]]
        return;
    recent_max_output_ = std::max(recent_max_output_, held);
    const OutputLimit& limit = output_limit(session);
    bool over = limit.hard_bytes != 0 && held >= limit.hard_bytes;
    if (limit.soft_bytes != 0 && held >= limit.soft_bytes) {
        const std::int64_t now = clock_.wall_ms();
        if (session.soft_limit_since_ms == 0) session.soft_limit_since_ms = now;
        over = over || now - session.soft_limit_since_ms > limit.soft_s * 1000;
    } else {
        session.soft_limit_since_ms = 0;
    }
    if (!over || session.closing) return;
    ++stats_.output_limit_disconnections;
    log_warning("Client {} scheduled to be closed ASAP for overcoming of output buffer limits.",
                client_line(session, clock_.wall_ms()));
    close(session);
}

// ---- Writing ----

void ClientSet::wrote_to(Session& session) {
    Connection& connection = of(session);
    if (connection.output_queued || connection.buried) return;
    connection.output_queued = true;
    to_write_.push_back(&connection);
}

void ClientSet::pushed_to(Session& session) {
    wrote_to(session);
    check_output(session);
}

void ClientSet::flush() {
    write_out();
    if (busy_) return;  // in the middle of a turn: nobody is freed
    const std::uint64_t memory_limit = settings_.clients.max_memory.of(settings_.memory.max_bytes);
    if (memory_limit != 0 && memory_bytes_ > memory_limit) [[unlikely]]
        evict_clients();
    free_buried();
}

void ClientSet::write_out() {
    if (!to_write_.empty()) {
        const std::uint64_t started = CycleClock::ticks();
        const std::uint64_t share_end = stats_.bytes_out + kTurnBytesOut;
        std::size_t left = 0;
        send_ahead();
        for (std::size_t i = 0; i < to_write_.size(); ++i) {
            Connection& connection = *to_write_[i];
            if (stats_.bytes_out >= share_end && connection.output.bytes() > kShortReply) [[unlikely]] {
                to_write_[left++] = &connection;
                continue;
            }
            connection.output_queued = false;
            if (!connection.buried) write(connection);
        }
        to_write_.resize(left);
        stats_.loop.write_ns += CycleClock::ns(CycleClock::ticks() - started);
    }
}

// Short replies of all who have one, at once; write() finds what became of each.
void ClientSet::send_ahead() {
    if (to_write_.size() < kWorthBatching || !batches_io()) return;
    std::array<Connection*, IoBatch::kMost> asked;
    const auto run = [&] {
        if (io_.size() == 0) return;
        const std::span<const int> results = io_.run();
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (results[i] != IoBatch::kNotDone) asked[i]->sent_ahead = results[i];
        }
    };
    for (Connection* connection : to_write_) {
        const std::size_t bytes = connection->output.bytes();
        if (bytes == 0 || bytes > kShortReply || connection->buried || connection->tls != nullptr) continue;
        if (!connection->reply_marks.empty()) continue;
        std::array<iovec, IoBatch::kMostPieces> pieces;
        const std::size_t count = connection->output.gather(pieces.data(), pieces.size());
        asked[io_.size()] = connection;
        io_.send(connection->fd, {pieces.data(), count});  // of more pieces than these the rest is sent by write()
        if (io_.size() == IoBatch::kMost) {
            run();
            if (!batches_io()) return;
        }
    }
    run();
}

void ClientSet::write(Connection& connection) {
    Session& session = connection;
    check_output(connection);
    if (session.closing) return;
    session.output_peak_bytes = std::max(session.output_peak_bytes, session.output.bytes());
    // A reader that takes all it is given must not keep the others waiting: the rest goes on next turn.
    std::size_t share = kShareBytes;
    if (!session.reply_marks.empty()) [[unlikely]]
        share = std::min(share, may_go(connection));
    while (connection.has_output() && share > 0) {
        std::array<iovec, 64> pieces;
        const std::size_t count = session.output.gather(pieces.data(), pieces.size());
        const ssize_t sent = connection.send({pieces.data(), count}, share);
        ++stats_.writes;
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN) break;
            return close(session);
        }
        const auto bytes = static_cast<std::size_t>(sent);
        session.bytes_out += bytes;
        session.last_used_ms = turn_ms_;
        stats_.bytes_out += bytes;
        session.output.consume(bytes);
        share -= bytes;
    }
    account(connection);
    go_on(connection);
    const bool done =
        session.close_after_reply || (connection.ended && session.parked == Parked::no && !connection.resumed);
    const bool waits = !session.output.empty() && may_go(connection) == 0;
    if (waits) [[unlikely]]
        hold(connection);
    const bool left = connection.has_output() && !waits;
    if (!connection.has_output() && done) return close(session);
    std::uint32_t events = 0;
    if (!connection.ending && !connection.ended) events |= EPOLLRDHUP;
    if (left) events |= EPOLLOUT;
    const bool reads = !connection.ended && !session.close_after_reply;
    if (reads) events |= EPOLLIN;
    watch(connection, events, share == 0 && left);
}

// Whoever had its share of this turn goes on in the next one; whoever held all it may, once half of it was read.
void ClientSet::go_on(Connection& connection) {
    const std::size_t waits = connection.output.bytes();
    if (connection.parked == Parked::output) {
        const bool was_full = connection.output_mark >= kOutputHighWater;
        if (waits >= (was_full ? kOutputHighWater / 2 : kOutputHighWater)) return;
        wake(connection);
    }
    connection.output_mark = std::min(waits + kShareBytes, kOutputHighWater);
}

// `anew`: even if nothing changes, to be told again of what the socket is ready for.
void ClientSet::watch(Connection& connection, std::uint32_t events, bool anew) {
    if (connection.events == events && !anew) [[likely]]
        return;
    connection.events = events;
    connection.reads = (events & EPOLLIN) != 0;
    connection.writes = (events & EPOLLOUT) != 0;
    epoll_event event{.events = events | EPOLLET, .data = {.ptr = &connection}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

// ---- Replies that wait for the disk ----

// So many bytes of its output wait for nothing.
std::size_t ClientSet::may_go(Connection& connection) const {
    auto& marks = connection.reply_marks;
    if (marks.empty()) [[likely]]
        return connection.output.bytes();
    std::erase_if(marks, [this](const Session::ReplyMark& mark) { return mark.offset <= durable_offset_; });
    if (marks.empty()) return connection.output.bytes();
    const std::uint64_t begin = marks.front().begin;
    return begin > connection.bytes_out ? static_cast<std::size_t>(begin - connection.bytes_out) : 0;
}

void ClientSet::hold(Connection& connection) {
    if (std::exchange(connection.held, true)) return;
    held_.push_back(&connection);
}

void ClientSet::set_durable(std::uint64_t offset) {
    durable_offset_ = offset;
    std::erase_if(held_, [&](Connection* connection) {
        if (may_go(*connection) == 0 && !connection->output.empty()) return false;
        connection->held = false;
        wrote_to(*connection);
        return true;
    });
}

void ClientSet::release_held() {
    for (const auto& [id, connection] : by_id_) connection->reply_marks.clear();
    for (Connection* connection : std::exchange(held_, {})) {
        connection->held = false;
        wrote_to(*connection);
    }
}

void ClientSet::refuse_held(const Error& refusal) {
    for (Connection* connection : std::exchange(held_, {})) {
        connection->held = false;
        refuse(*connection, refusal);
    }
    // Those of this turn: one that is closed meanwhile stays in the list.
    for (std::size_t i = 0; i < to_write_.size(); ++i) {
        static_cast<void>(may_go(*to_write_[i]));
        if (!to_write_[i]->reply_marks.empty()) refuse(*to_write_[i], refusal);
    }
}

void ClientSet::refuse(Connection& connection, const Error& refusal) {
    if (connection.buried) return;
    if (may_go(connection) > 0) write(connection);
    if (connection.buried) return;
    const bool in_part = may_go(connection) > 0;  // the socket has not taken yet what comes before
    const auto& marks = connection.reply_marks;
    const bool wrote = std::any_of(marks.begin(), marks.end(), [](const auto& mark) { return mark.answers; });
    connection.reply_marks.clear();
    if (in_part || connection.writes || (connection.tls != nullptr && connection.tls->unsent()))
        return close(connection);
    connection.output.clear();
    // Who only listens asked for nothing that could be answered with an error. It has to connect anew all the same: a
    // message about what is in memory is missing, without which a cache would be wrong.
    if (wrote) connection.reply.error(refusal);
    connection.close_after_reply = true;
    wrote_to(connection);
}

}  // namespace keel
