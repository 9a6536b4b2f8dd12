// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/outgoing_link.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "protocol/base/number.h"
#include "server/net/client_set.h"

namespace keel {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;

// What Asio's handlers hold on to: it may outlive its owner until the last of them ran.
struct OutgoingLink::Socket : std::enable_shared_from_this<Socket> {
    Socket(asio::io_context& context, ClientSet& bell_set, std::function<void()> on_news)
        : resolver(context), socket(context), bells(bell_set), news(std::move(on_news)) {}

    tcp::resolver resolver;
    tcp::socket socket;
    ClientSet& bells;
    std::function<void()> news;  // empty: the owner is gone
    State state = State::resolving;
    bool was_open = false;
    bool reading = false;
    bool writing = false;
    std::string error;
    std::vector<tcp::endpoint> endpoints;
    std::size_t tried = 0;
    std::string out;  // from out_at on to be sent; Asio may be at it: it stays where it is
    std::size_t out_at = 0;
    std::string queued;  // behind it
    std::string in;
    std::array<char, 16 * 1024> room;
    std::uint64_t progress = 0;

    void end(std::string why) {
        if (state == State::ended) return;
        state = State::ended;
        error = std::move(why);
        close();
        if (news) news();
    }
    void close() {
        Code ignored;
        resolver.cancel();
        socket.close(ignored);
    }

    // A handler that does nothing once the link has ended.
    template <typename F>
    auto guarded(F run) {
        return [self = shared_from_this(), run](const Code& code, auto&&... rest) {
            if (self->state != State::ended) run(*self, code, std::forward<decltype(rest)>(rest)...);
        };
    }

    void resolve(const std::string& host, const std::string& port);
    void try_next(const Code& before);
    void opened();
    void write();
    void read();
};

void OutgoingLink::Socket::resolve(const std::string& host, const std::string& port) {
    const auto number = parse_integer(port);
    if (!number || *number < 1 || *number > 65535) return end("no port: " + port);
    Code not_numeric;
    const auto address = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        endpoints.emplace_back(address, static_cast<std::uint16_t>(*number));
        return try_next({});
    }
    const auto found = guarded([](Socket& self, const Code& code, const tcp::resolver::results_type& results) {
        if (code) return self.end(code.message());
        for (const auto& one : results) self.endpoints.push_back(one.endpoint());
        self.try_next({});
    });
    try {
        resolver.async_resolve(host, port, found);
    } catch (const boost::system::system_error& failure) {  // no thread for it
        end(failure.code().message());
    }
}

void OutgoingLink::Socket::try_next(const Code& before) {
    if (tried == endpoints.size()) return end(before.message());
    state = State::connecting;
    const tcp::endpoint& endpoint = endpoints[tried++];
    Code code;
    socket.close(code);
    socket.open(endpoint.protocol(), code);
    if (code) return try_next(code);
    socket.non_blocking(true, code);
    bells.add_bell(socket.native_handle(), true);
    socket.async_connect(endpoint, guarded([](Socket& self, const Code& failed) {
                             if (failed) return self.try_next(failed);
                             self.opened();
                         }));
}

void OutgoingLink::Socket::opened() {
    Code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    state = State::open;
    was_open = true;
    ++progress;
    read();
    write();
    news();
}

void OutgoingLink::Socket::write() {
    if (state != State::open || writing) return;
    if (out_at == out.size()) {
        out = std::exchange(queued, {});  // not kept: it may have been a large value
        out_at = 0;
    }
    if (out.empty()) return;
    writing = true;
    socket.async_write_some(asio::buffer(out.data() + out_at, out.size() - out_at),
                            guarded([](Socket& self, const Code& code, std::size_t bytes) {
                                self.writing = false;
                                if (code) return self.end(code.message());
                                ++self.progress;
                                self.out_at += bytes;
                                self.write();
                                self.news();
                            }));
}

void OutgoingLink::Socket::read() {
    if (state != State::open || reading || in.size() >= kMostReceived) return;
    reading = true;
    socket.async_read_some(asio::buffer(room), guarded([](Socket& self, const Code& code, std::size_t bytes) {
                               self.reading = false;
                               if (code) return self.end(code.message());
                               ++self.progress;
                               self.in.append(self.room.data(), bytes);
                               self.read();
                               self.news();
                           }));
}

OutgoingLink::OutgoingLink(asio::io_context& context, ClientSet& bells, const std::string& host,
                           const std::string& port, std::function<void()> news)
    : socket_(std::make_shared<Socket>(context, bells, std::move(news))) {
    socket_->resolve(host, port);
}

OutgoingLink::~OutgoingLink() {
    socket_->news = nullptr;
    socket_->state = State::ended;
    socket_->close();
}

OutgoingLink::State OutgoingLink::state() const { return socket_->state; }
bool OutgoingLink::was_open() const { return socket_->was_open; }
bool OutgoingLink::unresolved() const { return socket_->endpoints.empty(); }
const std::string& OutgoingLink::error() const { return socket_->error; }
std::size_t OutgoingLink::unsent() const { return socket_->out.size() - socket_->out_at + socket_->queued.size(); }
Bytes OutgoingLink::received() const { return socket_->in; }
std::uint64_t OutgoingLink::progress() const { return socket_->progress; }

void OutgoingLink::send(std::string bytes) {
    if (bytes.empty() || socket_->state == State::ended) return;
    if (socket_->queued.empty())
        socket_->queued = std::move(bytes);  // it may be a large value
    else
        socket_->queued.append(bytes);
    socket_->write();
}

void OutgoingLink::consume(std::size_t bytes) {
    socket_->in.erase(0, bytes);
    socket_->read();
}

}  // namespace keel
