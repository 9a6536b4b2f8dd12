// SPDX-License-Identifier: BSD-3-Clause
//
// The reply of a container's HELP: a heading, its subcommands, HELP itself. Every container answers in this form.
#pragma once

#include <initializer_list>

#include "protocol/resp/reply.h"

namespace keel {

// `lines` as they are shown: a subcommand with its arguments, then what it does, indented by four blanks. The
// command's name is written in capitals.
void reply_help(Reply& reply, Bytes command, std::initializer_list<Bytes> lines);

}  // namespace keel
