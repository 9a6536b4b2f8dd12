// SPDX-License-Identifier: BSD-3-Clause
//
// "Run these commands again": the door through which the log is replayed, and later a primary's stream. The server's
// dispatcher implements it with a session of its own: no rights are asked for, nothing is refused for memory or disk,
// no reply is kept, nobody waits, and nothing goes to the log again.
#pragma once

#include <cstddef>
#include <span>

#include "protocol/base/result.h"
#include "protocol/resp/argument_list.h"
#include "protocol/resp/request_parser.h"

namespace keel {

class Applier {
  public:
    virtual ~Applier() = default;

    struct Outcome {
        std::size_t applied = 0;  // from the front of the batch
        Status status;            // why the next one was not; good when all were
    };

    // From here on as a client that has just connected: database 0, and no transaction; what one had queued is dropped.
    virtual void reset() = 0;

    // Runs the requests in order: SELECT, MULTI and EXEC mean what they mean to a client. Words are views of the
    // caller's, good until this returns. A batch, so that what it will touch can be fetched ahead. What a command
    // replies, an error too, is of no interest; what makes the data differ from what was logged (a command that is not
    // known) is an error, in the words that belong before "reading the append only file".
    [[nodiscard]] virtual Outcome apply(ArgumentList& words, std::span<const Request> batch) = 0;
};

}  // namespace keel
