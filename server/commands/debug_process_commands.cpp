// SPDX-License-Identifier: BSD-3-Clause
//
// The subcommands of DEBUG that are about the process: stops and crashes, switches, and single facts.
#include <fmt/format.h>
#include <sys/mman.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <limits>

#include "datatypes/encodings/table_line.h"
#include "datatypes/list/limits.h"
#include "protocol/base/check.h"
#include "protocol/base/glob.h"
#include "protocol/base/log.h"
#include "protocol/base/memory_use.h"
#include "protocol/base/number.h"
#include "server/commands/debug_commands.h"
#include "server/debug/protocol_samples.h"
#include "server/debug/restart.h"
#include "server/server.h"

namespace keel {

namespace {

// 0 is off, every other number on; what is no number is off, as in Redis.
bool is_on(Bytes word) { return parse_integer(word).value_or(0) != 0; }

}  // namespace

// ---- Stops and crashes ----

// SLEEP seconds
Status DebugCommands::sleep(Context& cx) {
    constexpr double kLongest = 1e9;
    const double seconds = std::clamp(parse_double(cx.args.next<Bytes>()).value_or(0), 0.0, kLongest);
    const double whole = std::floor(seconds);
    timespec left{.tv_sec = static_cast<time_t>(whole), .tv_nsec = static_cast<long>((seconds - whole) * 1e9)};
    while (nanosleep(&left, &left) != 0) {
    }
    cx.reply().ok();
    return {};
}

// SEGFAULT
Status DebugCommands::segfault(Context&) {
    auto* page = static_cast<volatile char*>(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    *page = 'x';
    return Error{"ERR the memory could be written"};
}

// ASSERT
Status DebugCommands::fail_check(Context& cx) {
    KEEL_CHECK(cx.args.more());  // the table lets no word through
    return {};
}

// PANIC
Status DebugCommands::panic(Context&) { check_failed(__FILE__, __LINE__, "DEBUG PANIC was not called"); }

// OOM
Status DebugCommands::out_of_memory(Context&) {
    void* const memory = ::operator new(std::numeric_limits<std::size_t>::max() / 4);
    ::operator delete(memory);
    return Error{"ERR there was enough memory"};
}

// RESTART [milliseconds]
Status DebugCommands::restart(Context& cx) {
    const std::int64_t delay_ms = cx.args.more() ? cx.args.next<std::int64_t>() : 0;
    KEEL_TRY(cx.args.done());
    KEEL_TRY(server_.shutdown({.now = true}));
    static_cast<void>(server_.append_log.close());
    Status failed = restart_process(server_.facts, delay_ms);  // it comes back only if it could not begin
    if (server_.settings.aof.enabled) static_cast<void>(server_.append_log.start());
    return failed;
}

// CRASH-AND-RECOVER [milliseconds]
Status DebugCommands::crash_and_recover(Context& cx) {
    const std::int64_t delay_ms = cx.args.more() ? cx.args.next<std::int64_t>() : 0;
    KEEL_TRY(cx.args.done());
    return restart_process(server_.facts, delay_ms);
}

// ---- Switches ----

// SET-ACTIVE-EXPIRE 0|1
Status DebugCommands::set_active_expire(Context& cx) {
    cx.keyspace.active_expire = is_on(cx.args.next<Bytes>());
    cx.reply().ok();
    return {};
}

// PAUSE-CRON 0|1
Status DebugCommands::pause_cron(Context& cx) {
    server_.cron_paused = is_on(cx.args.next<Bytes>());
    cx.reply().ok();
    return {};
}

// REPLYBUFFER PEAK-RESET-TIME NEVER|RESET|milliseconds, REPLYBUFFER RESIZING 0|1
Status DebugCommands::reply_buffer(Context& cx) {
    const bool peak = cx.args.accept("PEAK-RESET-TIME");
    if (!peak && !cx.args.accept("RESIZING")) return errors::subcommand_syntax("debug", "REPLYBUFFER");
    const bool word = peak && (cx.args.accept("NEVER") || cx.args.accept("RESET"));
    if (!word) cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    cx.reply().ok();
    return {};
}

// DICT-RESIZING 0|1
Status DebugCommands::table_resizing(Context& cx) {
    cx.keyspace.pause_resize(!is_on(cx.args.next<Bytes>()));
    cx.reply().ok();
    return {};
}

Status DebugCommands::no_op_switch(Context& cx) {
    cx.reply().ok();
    return {};
}

// SET-DISABLE-DENY-SCRIPTS 0|1
Status DebugCommands::deny_scripts(Context& cx) {
    server_.debug.scripts_may_call_all = is_on(cx.args.next<Bytes>());
    cx.reply().ok();
    return {};
}

// SET-SKIP-CHECKSUM-VALIDATION 0|1
Status DebugCommands::checksums(Context& cx) {
    server_.debug.skip_checksums = is_on(cx.args.next<Bytes>());
    cx.reply().ok();
    return {};
}

// QUICKLIST-PACKED-THRESHOLD size
Status DebugCommands::packed_threshold(Context& cx) {
    const auto bytes = parse_memory(cx.args.next<Bytes>());
    if (!bytes || *bytes > (4ULL << 30))
        return Error{"ERR argument must be a memory value bigger than 1 and smaller than 4gb"};
    list::packed_threshold = static_cast<std::size_t>(*bytes);
    cx.reply().ok();
    return {};
}

// ---- Single facts ----

// LOG message
Status DebugCommands::log(Context& cx) {
    log_warning("DEBUG LOG: {}", cx.args.next<Bytes>());
    cx.reply().ok();
    return {};
}

// ERROR message
Status DebugCommands::error(Context& cx) { return Error{std::string{cx.args.next<Bytes>()}}; }

// LEAK text. The block is allocated behind the compiler's back, so that it cannot see that nobody uses it.
Status DebugCommands::leak(Context& cx) {
    const Bytes text = cx.args.next<Bytes>();
    Block* volatile lost = Block::copy_of(text, text.size());
    (void)lost;
    cx.reply().ok();
    return {};
}

// PROTOCOL type
Status DebugCommands::protocol(Context& cx) { return reply_sample(cx.reply(), cx.args.next<Bytes>()); }

// STRINGMATCH-LEN length pattern
Status DebugCommands::string_match(Context& cx) {
    constexpr std::int64_t kLongest = 64 << 20;
    const auto length = cx.args.next<std::int64_t>();
    const Bytes pattern = cx.args.next<Bytes>();
    KEEL_TRY(cx.args.done());
    if (length < 0 || length > kLongest) return errors::kOutOfRange;
    cx.reply().integer(glob_match(pattern, std::string(static_cast<std::size_t>(length), 'a')) ? 1 : 0);
    return {};
}

// STRINGMATCH-TEST
Status DebugCommands::string_match_test(Context& cx) {
    constexpr int kRounds = 20'000;
    constexpr Bytes kAlphabet = "ab*?[]^-\\";
    const auto draw = [&cx, kAlphabet](std::uint64_t longest) {
        std::string out(cx.random.below(longest + 1), ' ');
        for (char& c : out) c = kAlphabet[cx.random.below(kAlphabet.size())];
        return out;
    };
    for (int i = 0; i < kRounds; ++i) (void)glob_match(draw(32), draw(32), i % 2 == 0);
    cx.reply().simple("No crash: test passed");
    return {};
}

// STRUCTSIZE
Status DebugCommands::struct_size(Context& cx) {
    cx.reply().simple(fmt::format("bits:{} entry_head:5 table_line:{} block_head:{} session:{} command:{}",
                                  8 * sizeof(void*), sizeof(table::Line), sizeof(Block), sizeof(Session),
                                  sizeof(Command)));
    return {};
}

// MALLCTL name [value]
Status DebugCommands::allocator_number(Context& cx) {
    const std::string name{cx.args.next<Bytes>()};
    std::optional<std::int64_t> value;
    if (cx.args.more()) value = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.done());
    KEEL_TRY(const std::int64_t old, keel::allocator_number(name, value));
    cx.reply().integer(old);
    return {};
}

// MALLCTL-STR name [value | VOID]
Status DebugCommands::allocator_text(Context& cx) {
    const std::string name{cx.args.next<Bytes>()};
    if (cx.args.accept("VOID")) {
        KEEL_TRY(allocator_act(name));
        cx.reply().ok();
        return {};
    }
    std::optional<std::string> value;
    if (cx.args.more()) value = std::string{cx.args.next<Bytes>()};
    KEEL_TRY(const std::string old, keel::allocator_text(name, value));
    cx.reply().bulk(old);
    return {};
}

// CONFIG-REWRITE-FORCE-ALL
Status DebugCommands::rewrite_config(Context& cx) {
    if (const Status done = server_.config.rewrite(Config::Scope::everything); !done) {
        return Error{fmt::format("ERR CONFIG-REWRITE-FORCE-ALL failed: {}", done.error().text())};
    }
    cx.reply().ok();
    return {};
}

// CHANGE-REPL-ID
Status DebugCommands::change_replication_id(Context& cx) {
    log_notice("Changing replication IDs after receiving change-repl-id");
    server_.replication_id = secret_hex(40);
    cx.reply().ok();
    return {};
}

// CLIENT-EVICTION: clients by the power of two of their memory.
Status DebugCommands::client_eviction(Context& cx) {
    if (server_.settings.clients.max_memory.of(server_.settings.memory.max_bytes) == 0) {
        return Error{"ERR maxmemory-clients is disabled."};
    }
    struct Bucket {
        std::size_t clients = 0;
        std::size_t bytes = 0;
    };
    std::array<Bucket, 64> buckets{};
    server_.clients.each([&buckets](const Session& session) {
        Bucket& bucket = buckets[static_cast<std::size_t>(std::bit_width(session.memory_bytes()))];
        ++bucket.clients;
        bucket.bytes += session.memory_bytes();
    });
    std::string text = "Bucket         Tot Mem       Clients\n";
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        if (buckets[i].clients == 0) continue;
        text += fmt::format("<{:<13} {:<13} {}\n", human_bytes(1ULL << i), buckets[i].bytes, buckets[i].clients);
    }
    cx.reply().verbatim("txt", text);
    return {};
}

}  // namespace keel
