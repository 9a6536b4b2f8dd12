// SPDX-License-Identifier: BSD-3-Clause
//
// ClientSet in the middle of a turn, while a script of one client runs for long: others are answered, most of them that
// the server is busy. The story is in client_set.h, truths 8 and 9.
//
//     the batch behind the script -> the rest of who is being read -> those that the turn has not looked at yet
//         -> those left over -> what is new
#include <sys/epoll.h>

#include <array>
#include <vector>

#include "server/dispatch.h"
#include "server/net/client_set.h"
#include "server/net/connection.h"

namespace keel {

bool ClientSet::held_up(const Connection& connection) const {
    return &connection == running_ || &connection == busy_with_;
}

bool ClientSet::serve_while_busy() {
    busy_ = true;
    answer_batch_while_busy();
    answer_rest_while_busy();
    while (ready_at_ < ready_end_) {  // the rest of this turn's: nobody tells of them again
        const epoll_event event = ready_[ready_at_];
        const Received ahead = has_ahead() ? ahead_[ready_at_] : Received{};
        ++ready_at_;
        if (event.data.ptr == nullptr) continue;
        Connection& connection = *static_cast<Connection*>(event.data.ptr);
        if (ahead.at != nullptr && !connection.buried) keep_received(connection, ahead);
        on_ready_while_busy(connection, event.events);
    }
    std::vector<Connection*> waiting = serving_;
    waiting.insert(waiting.end(), waiting_.begin(), waiting_.end());
    for (Connection* connection : waiting) {
        if (connection->buried || held_up(*connection) || connection->parked != Parked::no) continue;
        if (connection->resumed) process_while_busy(*connection);
        if (!connection->buried && connection->rereads && (connection->events & EPOLLIN) != 0)
            read_while_busy(*connection);
    }
    std::array<epoll_event, 64> ready;
    const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 0);
    bool rang = false;
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = ready[static_cast<std::size_t>(i)];
        if (event.data.ptr == nullptr)
            rang = true;
        else
            on_ready_while_busy(*static_cast<Connection*>(event.data.ptr), event.events);
    }
    return rang;
}

// What others sent before, and stands in the batch behind the script.
void ClientSet::answer_batch_while_busy() {
    for (std::size_t i = running_at_ + 1; i < batch_.size(); ++i) {
        Connection* connection = batch_[i].connection;
        if (connection == nullptr || connection == running_ || stopped_) continue;
        batch_[i].connection = nullptr;
        if (connection->closing || connection->close_after_reply) continue;
        dispatcher_.execute_while_busy(*connection, batch_[i].call);
        wrote_to(*connection);
        write(*connection);
    }
}

// What the one that is being read sent behind those: from now on it is read as all others are.
void ClientSet::answer_rest_while_busy() {
    if (!rest_ || busy_with_ == running_) return;
    Connection& connection = *std::exchange(busy_with_, nullptr);
    connection.input.append(*std::exchange(rest_, std::nullopt));
    if (!connection.buried && connection.parked == Parked::no) process_while_busy(connection);
}

void ClientSet::on_ready_while_busy(Connection& connection, std::uint32_t ready) {
    if (connection.buried) return;
    if ((ready & EPOLLRDHUP) != 0) connection.hung_up = true;
    const bool reads = (connection.events & EPOLLIN) != 0;
    if (held_up(connection)) {
        if ((ready & EPOLLOUT) != 0) wrote_to(connection);
        if (reads) return read_again(connection);
        connection.ending = connection.ending || (ready & EPOLLRDHUP) != 0;
        return wrote_to(connection);
    }
    if ((ready & (EPOLLERR | EPOLLHUP)) != 0 && (ready & EPOLLIN) == 0) return close(connection);
    if ((ready & EPOLLIN) != 0) return read_while_busy(connection);
    if ((ready & EPOLLRDHUP) != 0) connection.ending = true;
    wrote_to(connection);
    write(connection);
}

void ClientSet::read_while_busy(Connection& connection) {
    // Who waits, who does not read, and who sends an argument too large to stand in the input, has its turn later.
    if (connection.parked != Parked::no || !connection.parser.wanted().empty()) return read_again(connection);
    if (connection.output.bytes() >= kOutputHighWater) return read_again(connection);
    std::size_t got = 0;
    const bool came = receive(connection, connection.input.room(kReadBytes), kReadBytes, got);
    connection.input.filled(got);
    if (connection.buried) return;
    if (came)
        process_while_busy(connection);
    else
        note_input(connection);
}

void ClientSet::process_while_busy(Connection& connection) {
    Session& session = connection;
    RequestParser& parser = connection.parser;
    const Bytes input = connection.input.bytes();
    std::size_t taken = 0;
    while (session.parked == Parked::no && !session.closing && !session.close_after_reply && !stopped_) {
        if (session.output.bytes() >= kOutputHighWater) {
            wake(connection);  // the rest when the script is over, or what it has is read
            break;
        }
        parser.limits().authenticated = session.authenticated;
        const auto outcome = parser.next(input.substr(taken), busy_words_);
        taken += parser.consumed();
        if (outcome == RequestParser::Outcome::error) {
            taken = input.size();
            protocol_error(connection);
        }
        if (outcome != RequestParser::Outcome::complete) break;
        Call call{.words = busy_words_.view(parser.request().first, parser.request().count)};
        dispatcher_.resolve(call, session);
        dispatcher_.execute_while_busy(session, call);
        busy_words_.clear();
    }
    busy_words_.clear();
    connection.input.take(taken);
    note_input(connection);
    wrote_to(connection);
    if (!connection.buried) write(connection);
}

}  // namespace keel
