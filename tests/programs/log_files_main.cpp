// SPDX-License-Identifier: BSD-3-Clause
//
// Writes and reads log folders with the server's own code, for tests that compare them with redis-server's
// (tests/persistence/aof/peer_test.py).
//
//     keel_log_files write DIR POLICY < commands     appends commands (RESP) to the log in DIR/appendonlydir, a few a
//     turn; a
//                                                    new incremental file in the middle of them; says the final offset
//     keel_log_files read DIR > commands             the commands of the log, in order
#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <iterator>
#include <string>

#include "persistence/aof/log.h"
#include "persistence/aof/replay.h"
#include "persistence/posix_file_system.h"
#include "protocol/base/log.h"
#include "protocol/resp/request_writer.h"

namespace {

using namespace keel;

// Transactions when they are whole.
class Printer final : public Applier {
  public:
    std::string out;

    void reset() override {
        queued_.clear();
        queueing_ = false;
    }
    Outcome apply(ArgumentList& words, std::span<const Request> batch) override {
        for (const Request& request : batch) {
            queueing_ = queueing_ || words[request.first] == "MULTI";
            append_request(queueing_ ? queued_ : out, words.view(request.first, request.count));
            if (words[request.first] != "EXEC") continue;
            out += queued_;
            reset();
        }
        return {batch.size(), {}};
    }

  private:
    std::string queued_;
    bool queueing_ = false;
};

class NoListener final : public DurabilityListener {
  public:
    void on_durable(std::uint64_t) override {}
    void on_not_durable(const Error& refusal) override { fmt::print(stderr, "{}\n", refusal.text()); }
};

int failed(const Error& error) {
    fmt::print(stderr, "{}\n", error.text());
    return 1;
}

struct Folded {
    aof::Manifest manifest;
    aof::Chain chain;
};

Result<Folded> load(const aof::Folder& folder, Applier& applier) {
    const SystemClock clock;
    Folded folded;
    KEEL_TRY(folded.manifest, folder.load());
    aof::Replay replay{folder, folded.manifest, true, applier, {}, clock};
    for (;;) {
        KEEL_TRY(const bool done, replay.step(1 << 20));
        if (done) break;
    }
    folded.chain = replay.chain();
    return folded;
}

std::string all_input() {
    std::string in;
    char piece[65536];
    for (std::size_t got = 0; (got = std::fread(piece, 1, sizeof piece, stdin)) > 0;) in.append(piece, got);
    return in;
}

// Transactions go in as a whole, as the server gives them.
Status append_all_commands(aof::Log& log, aof::BackgroundHelper& helper, Bytes input) {
    const SystemClock clock;
    RequestParser parser;
    ArgumentList words;
    std::size_t count = 0;
    std::string pending;
    bool inside = false;
    const std::size_t half = input.size() / 2;
    bool begun = false;
    while (!input.empty() && parser.next(input, words) == RequestParser::Outcome::complete) {
        const Bytes name = words[parser.request().first];
        inside = (inside || name == "MULTI") && name != "EXEC";
        pending += parser.request().raw;
        input.remove_prefix(parser.consumed());
        words.clear();
        if (inside) continue;
        log.append(pending, 0, clock.wall_ms());
        pending.clear();
        if (++count % 7 == 0) log.write(clock.wall_ms());
        if (!begun && input.size() < half) {
            begun = true;
            helper.drain();
            KEEL_TRY(log.begin_segment(clock.wall_ms(), [](const Status&) {}));
            // Each file is read as by a new client: a test's commands begin with SELECT 0 and stay there.
            log.append(Bytes{"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"}, 0, clock.wall_ms());
        }
    }
    helper.drain();
    return {};
}

}  // namespace

int main(int count, char** words) {
    if (count < 3) return 2;
    log_level(LogLevel::nothing);
    PosixFileSystem files;
    const aof::Folder folder{files, words[2], "appendonlydir", "appendonly.aof"};
    Printer printer;
    auto folded = load(folder, printer);
    if (!folded) return failed(folded.error());
    if (std::strcmp(words[1], "read") == 0) {
        std::fwrite(printer.out.data(), 1, printer.out.size(), stdout);
        return 0;
    }
    const SystemClock clock;
    Aof settings;
    settings.timestamps = true;
    const Bytes policy = count > 3 ? words[3] : "everysec";
    settings.fsync = policy == "always" ? Aof::Fsync::always : policy == "no" ? Aof::Fsync::no : Aof::Fsync::everysec;
    aof::BackgroundHelper helper{[] {}, "helper"};
    NoListener listener;
    aof::Log log{folder, settings, helper, listener};
    Status done = helper.ready();
    if (done) done = log.open(folded->manifest, folded->chain, clock.wall_ms());
    if (done) done = append_all_commands(log, helper, all_input());
    const std::uint64_t offset = log.appended_offset();
    if (done) done = log.close();
    if (!done) return failed(done.error());
    fmt::print("{}\n", offset);
    return 0;
}
