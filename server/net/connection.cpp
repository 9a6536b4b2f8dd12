// SPDX-License-Identifier: BSD-3-Clause
#include "server/net/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/net/tls_channel.h"

namespace keel {

Connection::Connection(std::uint64_t session_id, int socket, std::unique_ptr<TlsChannel> channel,
                       const RequestLimits& limits, std::size_t share_bytes)
    : Session(session_id), tls(std::move(channel)), parser(limits), output_mark(share_bytes) {
    fd = socket;
}

Connection::~Connection() = default;

ssize_t Connection::receive(std::span<char> room) {
    if (tls != nullptr) [[unlikely]]
        return tls->receive(fd, room);
    return ::recv(fd, room.data(), room.size(), 0);
}

ssize_t Connection::send(std::span<iovec> pieces, std::size_t most) {
    if (tls != nullptr) [[unlikely]]
        return tls->send(fd, pieces, most);
    if (const int sent = std::exchange(sent_ahead, kNotAhead); sent != kNotAhead) {
        if (sent >= 0) return sent;
        errno = -sent;
        return -1;
    }
    if (pieces.size() == 1) [[likely]]
        return ::send(fd, pieces[0].iov_base, std::min(pieces[0].iov_len, most), MSG_NOSIGNAL);
    std::size_t count = 0;
    for (; count < pieces.size() && most > 0; ++count) {
        pieces[count].iov_len = std::min(pieces[count].iov_len, most);
        most -= pieces[count].iov_len;
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

bool Connection::has_output() const { return !output.empty() || (tls != nullptr && tls->unsent()); }

}  // namespace keel
