// SPDX-License-Identifier: BSD-3-Clause
//
// What the protocol costs: nanoseconds per parsed request and per written reply, in pipelines of 100 as a busy client
// sends them. Each figure is the best of several runs. The clock is read once per 100,000 operations or so.
#include <fmt/format.h>
#include <sys/uio.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "protocol/base/check.h"
#include "protocol/resp/reply.h"
#include "protocol/resp/request_parser.h"
#include "protocol/resp/request_writer.h"

using namespace keel;

namespace {

constexpr std::size_t kPipeline = 100;

template <typename Run>
void measure(const char* what, Run run) {
    constexpr int kRepeats = 2000;
    double best = 1e9;
    for (int round = 0; round < 15; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < kRepeats; ++i) run();
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
        best = std::min(best, took.count() / (kRepeats * static_cast<double>(kPipeline)));
    }
    fmt::print("{:<44} {:7.1f} ns\n", what, best);
}

void keep(const void* p) { asm volatile("" : : "r"(p) : "memory"); }

// A pipeline of one request with another key each time. `split`: it arrives in pieces of 40 bytes.
void parse(const char* what, std::vector<std::string> words, bool split = false) {
    std::string input;
    for (std::size_t i = 0; i < kPipeline; ++i) {
        if (words.size() > 1) words[1] = fmt::format("key:{:012}", i * 7919);
        append_request(input, std::vector<Bytes>{words.begin(), words.end()});
    }
    RequestParser parser;
    ArgumentList list;
    const std::size_t step = split ? 40 : input.size();
    measure(what, [&] {
        std::size_t used = 0;
        std::size_t count = 0;
        for (std::size_t arrived = step; count < kPipeline; arrived = std::min(arrived + step, input.size())) {
            while (parser.next(Bytes{input}.substr(used, arrived - used), list) == RequestParser::Outcome::complete) {
                used += parser.consumed();
                ++count;
            }
            if (list.size() > 200) list.clear();
        }
        list.clear();
    });
}

// One pipeline's replies, gathered and consumed as after a write.
template <typename Write>
void write(const char* what, Write one) {
    OutputBuffer out;
    Reply reply{out};
    measure(what, [&] {
        for (std::size_t i = 0; i < kPipeline; ++i) one(reply, i);
        iovec pieces[64];
        KEEL_CHECK(out.gather(pieces, 64) > 0);
        keep(pieces);
        while (out.bytes() > 0) out.consume(out.bytes());
    });
}

}  // namespace

int main() {
    const std::string value(64, 'v');
    fmt::print("parsing a request\n");
    parse("  PING", {"PING"});
    parse("  GET of a 16-byte key", {"GET", ""});
    parse("  GET of a 16-byte key, in pieces of 40 bytes", {"GET", ""}, true);
    parse("  SET of a 16-byte key, 64-byte value", {"SET", "", value});
    parse("  SET of a 16-byte key, 1000-byte value", {"SET", "", std::string(1000, 'v')});
    parse("  SET with EX", {"SET", "", value, "EX", "100"});
    parse("  MSET of 10 keys",
          {"MSET", "", "v", "b", "v", "c", "v", "d", "v", "e", "v", "f", "v", "g", "v", "h", "v", "i", "v", "j", "v"});
    fmt::print("writing a reply\n");
    write("  +OK", [](Reply& reply, std::size_t) { reply.ok(); });
    write("  null", [](Reply& reply, std::size_t) { reply.null(); });
    write("  small integer", [](Reply& reply, std::size_t i) { reply.integer(static_cast<std::int64_t>(i)); });
    write("  large integer",
          [](Reply& reply, std::size_t i) { reply.integer(static_cast<std::int64_t>(i) * 7'919'000); });
    write("  bulk of 8 bytes", [&](Reply& reply, std::size_t) { reply.bulk(Bytes{value}.substr(0, 8)); });
    write("  bulk of 64 bytes", [&](Reply& reply, std::size_t) { reply.bulk(value); });
    const std::string kilobyte(1000, 'v');
    write("  bulk of 1000 bytes", [&](Reply& reply, std::size_t) { reply.bulk(kilobyte); });
    write("  array of 10 bulks of 8 bytes", [&](Reply& reply, std::size_t) {
        reply.array(10);
        for (int i = 0; i < 10; ++i) reply.bulk(Bytes{value}.substr(0, 8));
    });
    write("  deferred array of 3 bulks of 8 bytes", [&](Reply& reply, std::size_t) {
        auto length = reply.deferred_array();
        for (int i = 0; i < 3; ++i) reply.bulk(Bytes{value}.substr(0, 8));
        length.end(3);
    });
}
