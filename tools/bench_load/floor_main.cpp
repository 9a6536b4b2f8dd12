// SPDX-License-Identifier: BSD-3-Clause
//
// keel_bench_floor: the least a server can cost. It finds the ends of RESP requests and answers each with the same
// reply; no table, no values, no commands. What a real server costs above this is its own doing.
//
//     keel_bench_floor --port PORT [... what servers take is ignored] --reply-bytes N     5: "+OK", else a value of N
//     bytes; 0: Pub/Sub, that is, who sends SUBSCRIBE gets what is published, the same message each time, in one write
//     for all that came at once
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

// A decimal number up to its "\r\n"; moves `at` behind them. False while the line is not all there.
bool read_number(std::string_view text, std::size_t& at, std::size_t& number) {
    number = 0;
    while (at < text.size() && text[at] != '\r') number = number * 10 + static_cast<std::size_t>(text[at++] - '0');
    if (text.size() - at < 2) return false;
    at += 2;
    return true;
}

// The bytes of one whole request at the front; 0 while it is not all there.
std::size_t request_length(std::string_view text) {
    if (text.empty()) return 0;
    if (text[0] != '*') {  // inline
        const auto end = text.find('\n');
        return end == std::string_view::npos ? 0 : end + 1;
    }
    std::size_t at = 1;
    std::size_t words = 0;
    if (!read_number(text, at, words)) return 0;
    for (; words > 0; --words) {
        std::size_t length = 0;
        if (at >= text.size() || !read_number(text, ++at, length) || text.size() - at < length + 2) return 0;
        at += length + 2;
    }
    return at;
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EAGAIN) return;
        if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
}

class Floor {
  public:
    Floor(int port, std::string reply) : reply_(std::move(reply)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        const int one = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 511) != 0) {
            fmt::print(stderr, "keel_bench_floor: port {} is taken\n", port);
            std::exit(1);
        }
        epoll_ = ::epoll_create1(0);
        watch(listener_);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events;
        for (;;) {
            const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < ready; ++i) {
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                if (fd == listener_)
                    accept();
                else
                    serve(fd);
            }
        }
    }

  private:
    void watch(int fd) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    void accept() {
        const int one = 1;
        for (int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK); fd >= 0;
             fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) {
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            watch(fd);
        }
    }

    void serve(int fd) {
        const ssize_t got = ::read(fd, chunk_.data(), chunk_.size());
        if (got <= 0) {
            if (got < 0 && errno == EAGAIN) return;
            half_.erase(fd);
            ::close(fd);
            return;
        }
        std::string& half = half_[fd];  // what is left of the last read, nearly always nothing
        std::string_view text(chunk_.data(), static_cast<std::size_t>(got));
        if (!half.empty()) text = half.append(text);
        out_.clear();
        if (reply_.empty()) return fan_out(fd, text);
        for (std::size_t length = request_length(text); length > 0; length = request_length(text)) {
            out_ += reply_;
            text.remove_prefix(length);
        }
        half = std::string(text);
        write_all(fd, out_);
    }

    // Requests come whole: the load waits for all that it asked for.
    void fan_out(int fd, std::string_view text) {
        if (text.find("SUBSCRIBE") != std::string_view::npos) {
            subscribers_.push_back(fd);
            return write_all(fd, "*3\r\n$9\r\nsubscribe\r\n$7\r\nchannel\r\n:1\r\n");
        }
        std::string messages;
        const std::string message = fmt::format("*3\r\n$7\r\nmessage\r\n$7\r\nchannel\r\n$64\r\n{}\r\n", std::string(64, 'x'));
        for (std::size_t length = request_length(text); length > 0; length = request_length(text)) {
            out_ += fmt::format(":{}\r\n", subscribers_.size());
            messages += message;
            text.remove_prefix(length);
        }
        for (const int subscriber : subscribers_) write_all(subscriber, messages);
        write_all(fd, out_);
    }

    std::string reply_;  // empty: Pub/Sub
    std::vector<int> subscribers_;
    std::string out_;
    std::array<char, 1 << 18> chunk_{};
    std::unordered_map<int, std::string> half_;
    int listener_ = -1;
    int epoll_ = -1;
};

}  // namespace

int main(int count, char** words) {
    int port = 6379;
    std::size_t bytes = 5;
    for (int i = 1; i + 1 < count; ++i) {
        const std::string_view name = words[i];
        if (name == "--port") port = std::atoi(words[i + 1]);
        if (name == "--reply-bytes") bytes = static_cast<std::size_t>(std::atol(words[i + 1]));
    }
    std::string reply;
    if (bytes != 0) reply = bytes == 5 ? "+OK\r\n" : fmt::format("${}\r\n{}\r\n", bytes, std::string(bytes, 'x'));
    Floor floor(port, reply);
    floor.run();
}
