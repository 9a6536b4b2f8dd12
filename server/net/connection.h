// SPDX-License-Identifier: BSD-3-Clause
//
// The socket of a session: input that is not a whole request yet, and output on its way.
//
//     socket -> [turn's shared buffer] -> parser -> requests          (nothing held back)
//            -> input + parser's progress          (a request is incomplete, or the session parked or had its share)
//            -> the parser's large block                              (a large argument)
//
// With TLS, what receive() gives was decrypted on the way, and what send() takes is encrypted (tls_channel.h).
//
// Always true:
//   1. An idle connection holds no input buffer: input is freed when it runs empty.
//   2. input begins where the current request begins.
//   3. A connection is freed only at the end of a turn (ClientSet::bury).
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <memory>
#include <span>

#include "protocol/resp/request_parser.h"
#include "server/net/pending_input.h"
#include "server/session.h"

namespace keel {

class TlsChannel;

// A client's session is always one of these (a script or a replica's link has a plain Session).
struct Connection final : Session {
    // `channel` is null where there is no TLS.
    Connection(std::uint64_t session_id, int socket, std::unique_ptr<TlsChannel> channel, const RequestLimits& limits,
               std::size_t share_bytes);
    ~Connection();

    // As recv and sendmsg, the latter of at most `most` bytes of the pieces.
    ssize_t receive(std::span<char> room);
    ssize_t send(std::span<iovec> pieces, std::size_t most);
    // There is something to be sent, or the socket has not taken yet what was.
    [[nodiscard]] bool has_output() const;

    // What the next send() returns, -errno for a failure, because a batch has sent already.
    static constexpr int kNotAhead = -0x7fffffff;
    int sent_ahead = kNotAhead;

    std::unique_ptr<TlsChannel> tls;
    Bytes refusal;  // it is told this, and closed, as soon as its TLS stands
    RequestParser parser;
    PendingInput input;  // bytes of requests that did not run yet

    std::uint32_t events = 0;    // what epoll is asked for
    std::size_t accounted = 0;   // memory of this one in the sum of all
    std::size_t output_mark;     // with so much output its next request waits: its share of a turn, or all it may hold
    bool ending = false;         // the peer closed its sending side: EPOLLRDHUP says nothing new
    bool ended = false;          // and all that it sent was read; it may still read itself
    bool output_queued = false;  // in the list of those to be written this turn, or as soon as there is a share left
    bool resumed = false;        // in the list of those to be served without news: it holds input that may run
    bool rereads = false;        // in the same list: its socket was not read empty
    bool hung_up = false;        // EPOLLRDHUP was seen: behind what is read stands the end
    bool held = false;           // in the list of those whose output waits for the disk
    bool buried = false;         // in the list of those to be freed
};

}  // namespace keel
