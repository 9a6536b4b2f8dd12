// SPDX-License-Identifier: BSD-3-Clause
//
// The socket of a session: input that is not a whole request yet, and output on its way.
//
//     socket -> [turn's shared buffer] -> parser -> requests          (nothing held back)
//            -> input + parser's progress          (a request is incomplete, or the session parked or had its share)
//            -> the parser's large block                              (a large argument)
//
// Always true:
//   1. An idle connection holds no input buffer: input is freed when it runs empty.
//   2. input begins where the current request begins.
//   3. A connection is freed only at the end of a turn (ClientSet::bury).
#pragma once

#include "protocol/resp/request_parser.h"
#include "server/net/pending_input.h"
#include "server/session.h"

namespace keel {

// A client's session is always one of these (a script or a replica's link has a plain Session).
struct Connection final : Session {
    Connection(std::uint64_t session_id, int socket, const RequestLimits& limits, std::size_t share_bytes)
        : Session(session_id), parser(limits), output_mark(share_bytes) {
        fd = socket;
    }

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
    bool buried = false;         // in the list of those to be freed
};

}  // namespace keel
