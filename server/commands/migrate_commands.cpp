// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/migrate_commands.h"

#include <algorithm>
#include <unordered_set>

#include "server/server.h"

namespace keel {

namespace {

constexpr std::size_t kKeyAt = 3;
constexpr std::size_t kOptionsAt = 6;
constexpr std::int64_t kUsualTimeoutMs = 1000;
constexpr std::int64_t kLongestTimeoutMs = 366LL * 24 * 3600 * 1000;

constexpr ErrorText kKeyBesideKeys{
    "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"};
constexpr ErrorText kNotHere{
    "ERR MIGRATE is not possible inside of MULTI or a script: its reply comes when the target has answered"};

// Where the words behind KEYS begin; 0: there is no KEYS.
std::size_t keys_at(std::span<const Bytes> words) {
    for (std::size_t at = kOptionsAt; at < words.size(); ++at) {
        if (equal_nocase(words[at], "KEYS")) return at + 1;
        if (equal_nocase(words[at], "AUTH")) at += 1;
        if (equal_nocase(words[at], "AUTH2")) at += 2;
    }
    return 0;
}

Status keys_of_migrate(std::span<const Bytes> words, KeyList& out) {
    constexpr Use kMoved = Use::rw | Use::access | Use::erase;
    const std::size_t first = keys_at(words);
    if (first == 0) {
        out.add(kKeyAt, kMoved);
    } else if (words[kKeyAt].empty()) {
        for (std::size_t at = first; at < words.size(); ++at) out.add(at, kMoved);
    }
    return {};
}

// The options; the keys that are named are left where they are.
Status read_options(Args& args, Bytes key, MigrateRequest& request) {
    while (args.more()) {
        if (args.accept("COPY")) {
            request.copy = true;
        } else if (args.accept("REPLACE")) {
            request.replace = true;
        } else if (args.accept_with_value("AUTH")) {
            request.login = true;
            request.user.clear();
            request.password = args.next<Bytes>();
        } else if (args.left() >= 3 && args.accept("AUTH2")) {
            request.login = true;
            request.user = args.next<Bytes>();
            request.password = args.next<Bytes>();
        } else if (args.accept("KEYS")) {
            return key.empty() ? Status{} : Status{kKeyBesideKeys};
        } else {
            return errors::kSyntax;
        }
    }
    return {};
}

// Of the keys that are named, each once, those that are there.
std::vector<std::string> keys_here(Context& cx, std::span<const Bytes> named) {
    std::vector<std::string> keys;
    std::unordered_set<Bytes> seen;
    for (const Bytes key : named) {
        if (seen.insert(key).second && cx.read(key) != nullptr) keys.emplace_back(key);
    }
    return keys;
}

}  // namespace

// MIGRATE host port key|"" destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 user password] [KEYS key ...]
Status MigrateCommands::migrate(Context& cx) {
    const std::span<const Bytes> words = cx.args.words();
    MigrateRequest request;
    request.host = cx.args.next<Bytes>();
    request.port = cx.args.next<Bytes>();
    const std::span<const Bytes> key{&words[kKeyAt], 1};
    cx.args.rewind(kOptionsAt);
    KEEL_TRY(read_options(cx.args, key[0], request));
    const std::span<const Bytes> named = keys_at(words) != 0 ? cx.args.rest() : key;
    cx.args.rewind(kKeyAt + 1);
    request.db = cx.args.next<std::int64_t>();
    request.timeout_ms = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.checked());
    if (request.timeout_ms <= 0) request.timeout_ms = kUsualTimeoutMs;
    request.timeout_ms = std::min(request.timeout_ms, kLongestTimeoutMs);
    // Waiting for the target in here would keep everybody waiting, for as long as the target likes: what MIGRATE is not
    // to do. And what stands behind it in a transaction must not run before it has ended.
    if (cx.caller->deny_blocking) return kNotHere;

    request.from_db = cx.db().index();
    request.keys = keys_here(cx, named);
    if (request.keys.empty()) {
        cx.reply().simple("NOKEY");
        return {};
    }
    server_.migrations.begin(cx, std::move(request));
    return {};
}

std::span<const CommandSpec> MigrateCommands::rows() {
    static constexpr Bytes kByChance[] = {"nondeterministic_output"};
    static constexpr Use kMoved = Use::rw | Use::access | Use::erase;
    static constexpr CommandSpec kRows[] = {
        {.name = "migrate",
         .run = method<&MigrateCommands::migrate>,
         .arity = at_least(6),
         .flags = Flag::write,
         .categories = Category::keyspace | Category::dangerous,
         .keys = {.at = {{.use = kMoved, .index = kKeyAt},
                         {.use = kMoved | Use::incomplete, .keyword = "KEYS", .start_from = -2, .last = -1}},
                  .count = 2},
         .find_keys = keys_of_migrate,
         .group = Group::generic,
         .since = "2.6.0",
         .complexity = "O(N) where N is the size of the values; each is dumped here and restored at the target",
         .summary = "Moves keys to another server, or copies them, while this one goes on serving.",
         .syntax = "host port:integer key-or-empty-string=(key|\"\") destination-db:integer timeout:integer [COPY] "
                   "[REPLACE] authentication=[AUTH password|AUTH2 username password] [KEYS key [key ...]]",
         .tips = kByChance},
    };
    return kRows;
}

}  // namespace keel
