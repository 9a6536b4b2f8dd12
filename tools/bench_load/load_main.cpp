// SPDX-License-Identifier: BSD-3-Clause
//
// keel_bench_load: an open-loop client. Requests leave at a fixed rate whether or not answers come, and each is timed
// from the moment it was due, so a server that stalls is charged for everything it held up. (A closed loop would send
// nothing during a stall and see one slow request.)
//
//     --port P  --rate R (a second)  --seconds S  --clients C  --keys N  --size BYTES  --sets PERCENT
//     --server-pid PID               the server's process, see below
//     --insert N --insert-rate R     beside that load: N new keys, in pipelines of 50; the run ends when all are in
//
// GET and SET go to key:000000000000 .. key:<keys-1>, chosen at random; inserts make grow:<n>. One line of JSON at the
// end: latencies in microseconds of the timed requests (never of the inserts).
//
// One thread, busy waiting: pin it to a core of its own, and the server to another. Time in which the machine took
// either core away says nothing of the server: its own shows as a gap of over 200 us between two turns of this loop,
// the server's (with --server-pid) as time its main thread stood ready to run and did not (the second field of
// /proc/PID/schedstat; time it works or sleeps never counts there). What was due or unanswered then is set aside from
// the quantiles, counted as "aside", and part of "p99.9_all" and "max_all".
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/bench_load/latency_histogram.h"

namespace {

using keel::bench::LatencyHistogram;

struct Options {
    int port = 6379;
    double rate = 10000;
    double seconds = 10;
    std::size_t clients = 8;
    std::uint64_t keys = 1000000;
    std::size_t size = 64;
    unsigned sets_percent = 50;
    std::uint64_t insert = 0;
    double insert_rate = 200000;
    int server_pid = 0;
};

constexpr std::uint64_t kTakenAwayNs = 200'000;
constexpr std::uint64_t kLookEveryNs = 1'000'000;

std::uint64_t now_ns() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

[[noreturn]] void fail(std::string_view what) {
    fmt::print(stderr, "keel_bench_load: {}: {}\n", what, std::strerror(errno));
    std::exit(1);
}

// One connection: what is still to be written, and when each unanswered request was due (0: an insert, not timed).
struct Connection {
    int fd = -1;
    std::string out;
    std::string in;
    std::deque<std::uint64_t> due;
};

int connect_to(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

// The bytes of one whole reply at the front of `text` (:, +, - or $); 0 while it is not all there.
std::size_t reply_length(std::string_view text) {
    const auto line = text.find("\r\n");
    if (line == std::string_view::npos) return 0;
    if (text[0] != '$' || text[1] == '-') return line + 2;
    const auto length = static_cast<std::size_t>(std::strtoull(text.data() + 1, nullptr, 10));
    const std::size_t whole = line + 2 + length + 2;
    return text.size() >= whole ? whole : 0;
}

// How long the server's main thread has stood ready to run without running since we last looked.
class ServerWaits {
  public:
    explicit ServerWaits(int pid) {
        if (pid == 0) return;
        fd_ = ::open(fmt::format("/proc/{}/schedstat", pid).c_str(), O_RDONLY | O_CLOEXEC);
        if (fd_ < 0) fail("schedstat of the server");
    }

    std::uint64_t since_last_ns() {
        if (fd_ < 0) return 0;
        std::array<char, 128> text{};
        if (::pread(fd_, text.data(), text.size() - 1, 0) <= 0) return 0;
        const char* const second = std::strchr(text.data(), ' ');
        const std::uint64_t waited = second == nullptr ? 0 : std::strtoull(second, nullptr, 10);
        return waited - std::exchange(waited_ns_, waited);
    }

  private:
    int fd_ = -1;
    std::uint64_t waited_ns_ = 0;
};

class Load {
  public:
    explicit Load(const Options& options)
        : options_(options), value_(options.size, 'v'), server_waits_(options.server_pid) {
        epoll_ = ::epoll_create1(0);
        connections_.resize(options.clients + (options.insert > 0 ? 1 : 0));
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            connections_[i].fd = connect_to(options.port);
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = i;
            ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &event);
        }
    }

    void run() {
        const std::uint64_t start = now_ns();
        next_ = next_insert_ = start;
        end_ = options_.insert > 0 ? UINT64_MAX : start + static_cast<std::uint64_t>(options_.seconds * 1e9);
        std::uint64_t last = start;
        while (!finished(now_ns())) {
            const std::uint64_t now = now_ns();
            if (now - last > kTakenAwayNs) away_until_ = now;
            last = now;
            if (now > next_look_) look_at_server(now);
            send_what_is_due(now);
            insert_what_is_due(now_ns());
            for (auto& connection : connections_) flush(connection);
            receive();
        }
        took_ns_ = now_ns() - start;
    }

    void print() const {
        fmt::print(
            "{{\"requests\": {}, \"errors\": {}, \"inserted\": {}, \"seconds\": {:.3f}, \"p50\": {:.0f}, \"p99\": "
            "{:.0f}, \"p99.9\": {:.0f}, \"p99.99\": {:.0f}, \"max\": {:.0f}, \"aside\": {}, \"p99.9_all\": {:.0f}, "
            "\"max_all\": {:.0f}}}\n",
            all_.count(), errors_, inserted_, static_cast<double>(took_ns_) / 1e9, latencies_.quantile_us(0.5),
            latencies_.quantile_us(0.99), latencies_.quantile_us(0.999), latencies_.quantile_us(0.9999),
            latencies_.max_us(), all_.count() - latencies_.count(), all_.quantile_us(0.999), all_.max_us());
    }

  private:
    // Done when nothing more is due and all is answered; five seconds without an answer end it, too.
    bool finished(std::uint64_t now) {
        if (options_.insert > 0 && inserted_ == options_.insert && end_ == UINT64_MAX) end_ = now;
        if (now < end_) return false;
        const bool open =
            std::any_of(connections_.begin(), connections_.end(), [](const auto& c) { return !c.due.empty(); });
        return !open || now > end_ + 5'000'000'000;
    }

    void send_what_is_due(std::uint64_t now) {
        const auto gap = static_cast<std::uint64_t>(1e9 / options_.rate);
        for (; next_ <= now && next_ < end_; next_ += gap) {
            Connection& connection = connections_[turn_++ % options_.clients];
            const std::uint64_t key = random() % options_.keys;
            if (random() % 100 < options_.sets_percent) {
                fmt::format_to(std::back_inserter(connection.out),
                               "*3\r\n$3\r\nSET\r\n$16\r\nkey:{:012}\r\n${}\r\n{}\r\n", key, value_.size(), value_);
            } else {
                fmt::format_to(std::back_inserter(connection.out), "*2\r\n$3\r\nGET\r\n$16\r\nkey:{:012}\r\n", key);
            }
            connection.due.push_back(next_);
        }
    }

    // Inserts hold back while the server is 20 pipelines behind: their purpose is growth, not a queue.
    void insert_what_is_due(std::uint64_t now) {
        constexpr std::uint64_t kPipeline = 50;
        const auto gap = static_cast<std::uint64_t>(1e9 * kPipeline / options_.insert_rate);
        while (inserted_ < options_.insert && next_insert_ <= now) {
            Connection& connection = connections_.back();
            if (connection.due.size() > 20 * kPipeline) next_insert_ = now;
            for (std::uint64_t i = 0; i < kPipeline && inserted_ < options_.insert; ++i, ++inserted_) {
                fmt::format_to(std::back_inserter(connection.out),
                               "*3\r\n$3\r\nSET\r\n$17\r\ngrow:{:012}\r\n$8\r\nvvvvvvvv\r\n", inserted_);
                connection.due.push_back(0);
            }
            next_insert_ += gap;
        }
    }

    static void flush(Connection& connection) {
        if (connection.out.empty()) return;
        const ssize_t written = ::write(connection.fd, connection.out.data(), connection.out.size());
        if (written > 0) connection.out.erase(0, static_cast<std::size_t>(written));
    }

    void receive() {
        std::array<epoll_event, 64> events;
        const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
        for (int i = 0; i < ready; ++i) receive(connections_[events[static_cast<std::size_t>(i)].data.u64]);
    }

    void receive(Connection& connection) {
        std::array<char, 1 << 16> chunk;
        const ssize_t got = ::read(connection.fd, chunk.data(), chunk.size());
        if (got == 0) fail("the server closed a connection");
        if (got < 0) return;
        const std::uint64_t now = now_ns();
        connection.in.append(chunk.data(), static_cast<std::size_t>(got));
        std::string_view rest = connection.in;
        while (!rest.empty() && !connection.due.empty()) {
            const std::size_t length = reply_length(rest);
            if (length == 0) break;
            if (rest[0] == '-') ++errors_;
            rest.remove_prefix(length);
            if (connection.due.front() != 0) record(connection.due.front(), now);
            connection.due.pop_front();
        }
        connection.in.erase(0, connection.in.size() - rest.size());
    }

    void look_at_server(std::uint64_t now) {
        if (server_waits_.since_last_ns() > kTakenAwayNs) away_until_ = now;
        next_look_ = now + kLookEveryNs;
    }

    void record(std::uint64_t due, std::uint64_t now) {
        if (now - due > kTakenAwayNs) look_at_server(now);
        all_.record(now - due);
        if (due > away_until_) latencies_.record(now - due);
    }

    std::uint64_t random() {  // xorshift64: quick, and the same sequence every run
        seed_ ^= seed_ << 13;
        seed_ ^= seed_ >> 7;
        seed_ ^= seed_ << 17;
        return seed_;
    }

    Options options_;
    std::string value_;
    int epoll_ = -1;
    std::vector<Connection> connections_;
    LatencyHistogram all_;
    LatencyHistogram latencies_;  // without what is set aside
    std::uint64_t away_until_ = 0;
    ServerWaits server_waits_;
    std::uint64_t next_look_ = 0;
    std::uint64_t errors_ = 0;
    std::uint64_t inserted_ = 0;
    std::uint64_t next_ = 0;
    std::uint64_t next_insert_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t took_ns_ = 0;
    std::size_t turn_ = 0;
    std::uint64_t seed_ = 88172645463325252ull;
};

Options read_options(int count, char** words) {
    Options options;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string_view name = words[i];
        const double value = std::strtod(words[i + 1], nullptr);
        if (name == "--port")
            options.port = static_cast<int>(value);
        else if (name == "--rate")
            options.rate = value;
        else if (name == "--seconds")
            options.seconds = value;
        else if (name == "--clients")
            options.clients = static_cast<std::size_t>(value);
        else if (name == "--keys")
            options.keys = static_cast<std::uint64_t>(value);
        else if (name == "--size")
            options.size = static_cast<std::size_t>(value);
        else if (name == "--sets")
            options.sets_percent = static_cast<unsigned>(value);
        else if (name == "--server-pid")
            options.server_pid = static_cast<int>(value);
        else if (name == "--insert")
            options.insert = static_cast<std::uint64_t>(value);
        else if (name == "--insert-rate")
            options.insert_rate = value;
        else {
            fmt::print(stderr, "keel_bench_load: unknown option {}\n", name);
            std::exit(2);
        }
    }
    if (options.clients == 0 || options.keys == 0 || options.rate <= 0 || options.insert_rate <= 0) {
        fmt::print(stderr, "keel_bench_load: clients, keys and rates must be above zero\n");
        std::exit(2);
    }
    return options;
}

}  // namespace

int main(int count, char** words) {
    Load load(read_options(count, words));
    load.run();
    load.print();
    return 0;
}
