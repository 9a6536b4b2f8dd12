// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/listener.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "protocol/base/log.h"
#include "protocol/resp/errors.h"
#include "server/net/loop.h"
#include "server/net/tls_channel.h"
#include "server/server.h"

namespace keel {

namespace asio = boost::asio;

struct Listeners::Listener {
    Listener(asio::io_context& context, int socket) : fd(socket), descriptor(context, socket), retry(context) {}
    ~Listener() {
        if (owns_path) ::unlink(address.c_str());
    }
    int fd;
    asio::posix::stream_descriptor descriptor;  // closes fd
    asio::steady_timer retry;                   // after an error such as too many open files
    std::string address;                        // host, or path
    int port = 0;
    bool tls = false;
    bool unix_socket = false;
    bool owns_path = false;  // removes the unix socket's path at its end

    static void wait(const std::shared_ptr<Listener>& self, Server& server);
    bool accept(Server& server, std::uint32_t most);
    void accepted(Server& server, int connection) const;
};

namespace {

constexpr std::chrono::milliseconds kRetryAfter{100};

struct SocketCloser {
    int fd;
    ~SocketCloser() {
        if (fd >= 0) ::close(fd);
    }
    int release() { return std::exchange(fd, -1); }
};

void set_option(int fd, int level, int name, int value) { setsockopt(fd, level, name, &value, sizeof(value)); }

std::string address_text(const sockaddr_storage& address, socklen_t length, std::string& host, int& port) {
    char name[NI_MAXHOST] = "?";
    char service[NI_MAXSERV] = "0";
    getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, name, sizeof(name), service, sizeof(service),
                NI_NUMERICHOST | NI_NUMERICSERV);
    host = name;
    port = std::atoi(service);
    return address.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool is_loopback(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
    }
    if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
    }
    return address.ss_family == AF_UNIX;
}

// Whether a connection might come to both of two bound sockets.
bool addresses_overlap(int one, int other) {
    const auto address_of = [](int fd) {
        sockaddr_storage address{};
        socklen_t length = sizeof(address);
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
        return address;
    };
    const sockaddr_storage a = address_of(one);
    const sockaddr_storage b = address_of(other);
    if (a.ss_family != b.ss_family) return false;
    if (a.ss_family == AF_INET) {
        const auto& x = reinterpret_cast<const sockaddr_in&>(a);
        const auto& y = reinterpret_cast<const sockaddr_in&>(b);
        const bool any = x.sin_addr.s_addr == INADDR_ANY || y.sin_addr.s_addr == INADDR_ANY;
        return x.sin_port == y.sin_port && (any || x.sin_addr.s_addr == y.sin_addr.s_addr);
    }
    const auto& x = reinterpret_cast<const sockaddr_in6&>(a);
    const auto& y = reinterpret_cast<const sockaddr_in6&>(b);
    const bool any = IN6_IS_ADDR_UNSPECIFIED(&x.sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&y.sin6_addr);
    return x.sin6_port == y.sin6_port && (any || IN6_ARE_ADDR_EQUAL(&x.sin6_addr, &y.sin6_addr));
}

// keepalive probes after `seconds` of silence, three of them a third of that apart.
void set_keepalive(int fd, int seconds) {
    if (seconds <= 0) return;
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, seconds / 3));
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

// Bound, but nobody is let in yet. `overlaps`: a set that shares its ports (share_ports()) holds this one.
template <typename Failed>
Result<int> bound_socket(const std::string& address, int port, bool overlaps, const Failed& failed) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_family = address == "*" ? AF_INET : address == "::*" ? AF_INET6 : AF_UNSPEC;
    const char* host = address == "*" || address == "::*" ? nullptr : address.c_str();
    addrinfo* found = nullptr;
    if (const int code = getaddrinfo(host, std::to_string(port).c_str(), &hints, &found); code != 0) {
        return failed(gai_strerror(code));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, freeaddrinfo};
    SocketCloser socket{::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (socket.fd < 0) return failed(std::strerror(errno));
    set_option(socket.fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (found->ai_family == AF_INET6) set_option(socket.fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    int bound = ::bind(socket.fd, found->ai_addr, found->ai_addrlen);
    if (bound != 0 && errno == EADDRINUSE && overlaps) {
        set_option(socket.fd, SOL_SOCKET, SO_REUSEPORT, 1);
        bound = ::bind(socket.fd, found->ai_addr, found->ai_addrlen);
    }
    if (bound != 0) return failed(fmt::format("bind: {}", std::strerror(errno)).c_str());
    return socket.release();
}

}  // namespace

Listeners::Listeners(asio::io_context& context) : context_(context) {}

Listeners::~Listeners() = default;

// An address may overlap with one that is listened on already (`*` and 127.0.0.1): the kernel allows that if the
// sockets of both agree, and their user is the same. Only as long as this lives: whoever else asks for the port is
// refused.
struct Listeners::SharedPorts {
    explicit SharedPorts(Listeners* listeners) : set(listeners) {
        if (set != nullptr) set->share_ports(true);
    }
    ~SharedPorts() {
        if (set != nullptr) set->share_ports(false);
    }
    SharedPorts(const SharedPorts&) = delete;
    SharedPorts& operator=(const SharedPorts&) = delete;
    Listeners* set;
};

void Listeners::share_ports(bool share) const {
    for (const auto& listener : listeners_) {
        if (!listener->unix_socket) set_option(listener->fd, SOL_SOCKET, SO_REUSEPORT, share ? 1 : 0);
    }
}

bool Listeners::holds_port(int port) const {
    return std::any_of(listeners_.begin(), listeners_.end(), [port](const auto& one) { return one->port == port; });
}

// All addresses could be had: from here on clients come to the new sockets. Those that are shared listen already.
Status Listeners::listen_all(int backlog) const {
    for (const auto& listener : listeners_) {
        if (::listen(listener->fd, backlog) == 0) continue;
        log_warning("Warning: Could not create server TCP listening socket {}:{}: listen: {}", listener->address,
                    listener->port, std::strerror(errno));
        return Error{
            fmt::format("Failed listening on port {} ({}), aborting.", listener->port, listener->tls ? "tls" : "tcp")};
    }
    return {};
}

Result<std::unique_ptr<Listeners>> Listeners::open(asio::io_context& context, const Network& network, int tls_port,
                                                   Listeners* previous) {
    std::unique_ptr<Listeners> out{new Listeners{context}};
    const SharedPorts shared{previous};
    for (const Port port : {Port{network.port, false}, Port{tls_port, true}}) {
        if (port.number == 0) continue;
        KEEL_TRY(out->open_all_tcp(network, port, previous));
    }
    KEEL_TRY(out->listen_all(network.tcp_backlog));
    out->share_ports(false);
    // Last: what follows cannot fail, so the path changes hands.
    if (!network.unix_socket.empty()) {
        KEEL_TRY(out->open_unix(network, previous));
    }
    return out;
}

Status Listeners::open_all_tcp(const Network& network, Port port, const Listeners* previous) {
    const Error none{fmt::format("Failed listening on port {} ({}), aborting.", port.number, port.tls ? "tls" : "tcp")};
    for (const std::string& entry : network.bind) {
        const bool optional = !entry.empty() && entry[0] == '-';
        const Status status = open_tcp(optional ? entry.substr(1) : entry, port, previous);
        if (status) continue;
        if (!optional) {
            log_warning("{}", status.error().text());
            return none;
        }
        log_verbose("{}", status.error().text());
    }
    const auto of_port = [port](const auto& listener) { return listener->port == port.number; };
    if (std::none_of(listeners_.begin(), listeners_.end(), of_port) && !network.bind.empty()) return none;
    return {};
}

// A second descriptor of the socket that listens there already, -1 if there is none.
int Listeners::shared_socket(const std::string& address, int port) const {
    for (const auto& listener : listeners_) {
        if (listener->address == address && listener->port == port) return ::fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
    }
    return -1;
}

Status Listeners::open_tcp(const std::string& address, Port port, const Listeners* previous) {
    const auto failed = [&](const char* why) {
        return Error{
            fmt::format("Warning: Could not create server TCP listening socket {}:{}: {}", address, port.number, why)};
    };
    const auto same = [&](const auto& other) { return other->address == address && other->port == port.number; };
    if (std::any_of(listeners_.begin(), listeners_.end(), same)) return failed("it is the port of plain connections");
    SocketCloser socket{previous != nullptr ? previous->shared_socket(address, port.number) : -1};
    if (socket.fd < 0) {
        const bool overlaps = previous != nullptr && previous->holds_port(port.number);
        KEEL_TRY(socket.fd, bound_socket(address, port.number, overlaps, failed));
    }
    // Within a set they may not overlap, as at the start, where the kernel says so.
    const auto overlap = [&](const auto& other) { return addresses_overlap(socket.fd, other->fd); };
    if (std::any_of(listeners_.begin(), listeners_.end(), overlap)) return failed("bind: Address already in use");
    auto listener = std::make_shared<Listener>(context_, socket.release());
    listener->address = address;
    listener->port = port.number;
    listener->tls = port.tls;
    listeners_.push_back(std::move(listener));
    return {};
}

Status Listeners::open_unix(const Network& network, Listeners* previous) {
    const std::string& path = network.unix_socket;
    const auto keep = [&](int fd) {
        auto listener = std::make_shared<Listener>(context_, fd);
        listener->address = path;
        listener->unix_socket = listener->owns_path = true;
        listeners_.push_back(std::move(listener));
    };
    if (const int fd = previous != nullptr ? previous->shared_socket(path, 0) : -1; fd >= 0) {
        for (const auto& listener : previous->listeners_) listener->owns_path = false;
        keep(fd);
        return {};
    }
    const auto failed = [&](const char* what) {
        return Error{fmt::format("Failed opening Unix socket: {} {}: {}", what, path, std::strerror(errno))};
    };
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        return Error{fmt::format("Failed opening Unix socket: the path {} is longer than {} bytes", path,
                                 sizeof(address.sun_path) - 1)};
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    SocketCloser socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (socket.fd < 0) return failed("socket");
    ::unlink(path.c_str());  // left behind by a server that was killed
    if (::bind(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return failed("bind");
    if (network.unix_socket_mode != 0) ::chmod(path.c_str(), network.unix_socket_mode);
    if (!network.unix_socket_group.empty()) {
        const group* owner = getgrnam(network.unix_socket_group.c_str());
        if (owner == nullptr || ::chown(path.c_str(), static_cast<uid_t>(-1), owner->gr_gid) != 0)
            return failed("chown");
    }
    if (::listen(socket.fd, network.tcp_backlog) != 0) return failed("listen");
    keep(socket.release());
    return {};
}

void Listeners::start(Server& server) {
    for (const auto& listener : listeners_) {
        server.clients.add_bell(listener->fd);
        Listener::wait(listener, server);
    }
}

void Listeners::stop(Server& server) {
    constexpr std::uint32_t kMostWaiting = 65536;  // no backlog is longer, though new ones may come meanwhile
    for (const auto& listener : listeners_) {
        static_cast<void>(listener->accept(server, kMostWaiting));
        server.clients.remove_bell(listener->fd);
    }
}

// The handler may run after the set is gone: it holds on to nothing by itself.
void Listeners::Listener::wait(const std::shared_ptr<Listener>& self, Server& server) {
    const auto again = [weak = std::weak_ptr<Listener>{self}, &server](const boost::system::error_code& error) {
        const auto listener = weak.lock();
        if (listener && !error) wait(listener, server);
    };
    const auto ready = [weak = std::weak_ptr<Listener>{self}, &server, again](const boost::system::error_code& error) {
        const auto listener = weak.lock();
        if (!listener || error) return;
        const Network& network = server.settings.network;
        const std::uint32_t most =
            listener->tls ? network.new_tls_connections_per_cycle : network.new_connections_per_cycle;
        const bool healthy = listener->accept(server, most);
        server.clients.flush();
        if (healthy) return again({});
        listener->retry.expires_after(kRetryAfter);
        listener->retry.async_wait(again);
    };
    self->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, ready);
}

// Up to `most` of those that wait. False: nothing can be accepted for now, though connections wait.
bool Listeners::Listener::accept(Server& server, std::uint32_t most) {
    for (std::uint32_t i = 0; i < most; ++i) {
        const int connection = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connection >= 0) {
            accepted(server, connection);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EAGAIN) break;
        log_warning("Accepting client connection: {}", std::strerror(errno));
        return false;
    }
    return true;
}

void Listeners::Listener::accepted(Server& server, int connection) const {
    sockaddr_storage peer{};
    sockaddr_storage local{};
    socklen_t peer_length = sizeof(peer);
    socklen_t local_length = sizeof(local);
    getpeername(connection, reinterpret_cast<sockaddr*>(&peer), &peer_length);
    getsockname(connection, reinterpret_cast<sockaddr*>(&local), &local_length);
    std::string peer_text = address + ":0";
    std::string local_text = peer_text;
    if (!unix_socket) {
        std::string host;
        int port = 0;
        peer_text = address_text(peer, peer_length, host, port);
        local_text = address_text(local, local_length, host, port);
        set_option(connection, IPPROTO_TCP, TCP_NODELAY, 1);
        set_keepalive(connection, server.settings.network.tcp_keepalive_s);
    }
    const auto refuse = [&](Bytes text) {
        const std::string line = fmt::format("-{}\r\n", text);
        // At best; with TLS, before its handshake, there is no way to say it.
        if (tls)
            log_verbose("Refused {} before its TLS handshake: {}", peer_text, text);
        else
            static_cast<void>(::send(connection, line.data(), line.size(), MSG_NOSIGNAL));
        ::close(connection);
        ++server.stats.connections_rejected;
    };
    if (server.clients.count() >= server.settings.clients.max_clients) return refuse(errors::kTooManyClients.text);
    const bool loopback = is_loopback(peer);
    const bool open_to_all = server.settings.network.protected_mode && server.users.default_user()->without_password();
    const bool denied = open_to_all && !loopback;
    if (denied && !tls) {
        ++server.stats.connections_received;
        return refuse(errors::kProtectedMode.text);
    }
    Accepted accepted{connection, std::move(peer_text), std::move(local_text), unix_socket, loopback, nullptr};
    if (denied) {
        accepted.refusal = errors::kProtectedMode.text;
        ++server.stats.connections_rejected;
    }
    if (tls && (accepted.tls = server.loop->tls.accept()) == nullptr) return refuse(errors::kTooManyClients.text);
    const Session& session = server.clients.adopt(std::move(accepted));
    log_verbose("Accepted {}", session.peer_address);
}

std::string Listeners::first_address() const {
    if (listeners_.empty()) return {};
    const Listener& first = *listeners_.front();
    if (first.unix_socket) return first.address;
    const bool v6 = first.address.find(':') != std::string::npos;
    return v6 ? fmt::format("[{}]:{}", first.address, first.port) : fmt::format("{}:{}", first.address, first.port);
}

std::vector<std::string> Listeners::descriptions() const {
    std::vector<std::string> out;
    for (const bool tls : {false, true}) {
        std::string addresses;
        int port = 0;
        for (const auto& listener : listeners_) {
            if (listener->unix_socket || listener->tls != tls) continue;
            addresses += fmt::format(",bind={}", listener->address);
            port = listener->port;
        }
        if (port != 0) out.push_back(fmt::format("name={}{},port={}", tls ? "tls" : "tcp", addresses, port));
    }
    for (const auto& listener : listeners_) {
        if (listener->unix_socket) out.push_back(fmt::format("name=unix,bind={}", listener->address));
    }
    return out;
}

}  // namespace keel
