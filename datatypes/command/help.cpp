// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/help.h"

namespace keel {

void reply_help(Reply& reply, Bytes command, std::initializer_list<Bytes> lines) {
    reply.array(lines.size() + 3);
    reply.simple(upper(command) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (const Bytes line : lines) reply.simple(line);
    reply.simple("HELP");
    reply.simple("    Prints this help.");
}

}  // namespace keel
