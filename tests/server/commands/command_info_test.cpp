// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/command_info.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace keel;

namespace {

Status nothing(Context&) { return {}; }

constexpr CommandSpec kUnreadable[] = {{.name = "odd",
                                        .run = nothing,
                                        .arity = at_least(2),
                                        .group = Group::string,
                                        .since = "1.0.0",
                                        .summary = "Has a grammar that nobody can read.",
                                        .syntax = "key [other [another ...]]"}};

std::string pending(const OutputBuffer& out) {
    std::vector<iovec> pieces(out.chunk_count());
    const std::size_t count = out.gather(pieces.data(), pieces.size());
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all.append(static_cast<char*>(pieces[i].iov_base), pieces[i].iov_len);
    return all;
}

}  // namespace

TEST_CASE("command docs: a grammar that cannot be read is left out, and the rest is told") {
    Registry registry;
    registry.add(kUnreadable);
    OutputBuffer out;
    Reply reply{out, 3};
    write_command_docs(reply, *registry.find("odd"));
    CHECK(pending(out) ==
          "%3\r\n$7\r\nsummary\r\n$35\r\nHas a grammar that nobody can read.\r\n"
          "$5\r\nsince\r\n$5\r\n1.0.0\r\n$5\r\ngroup\r\n$6\r\nstring\r\n");
}
