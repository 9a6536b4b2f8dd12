// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/command_runner.h"

#include <catch2/catch.hpp>

#include "datatypes/all_types.h"
#include "protocol/base/words.h"

namespace keel::test {

namespace {

constexpr std::size_t kOwnBlock = 32 * 1024;

std::string joined(std::span<const std::string> words) {
    std::string out;
    for (const std::string& word : words) {
        if (!out.empty()) out += ' ';
        out += word;
    }
    return out;
}

}  // namespace

CommandRunner::CommandRunner(int protocol)
    : keyspace(16, lazy_free_, *this, clock.wall_ms()),
      reply_(output_, protocol),
      cx_{.keyspace = keyspace,
          .effects = effects,
          .settings = settings,
          .registry = registry,
          .random = random,
          .clock = clock} {
    add_data_commands(registry);
}

std::string CommandRunner::operator()(Bytes line) {
    Strings words;
    REQUIRE(split_words(line, words));
    return run(std::move(words));
}

// The words as views, the large ones in blocks that a handler may take.
void CommandRunner::lay_out(std::vector<Bytes>& words) {
    list_.clear();
    Bytes* slots = list_.extend(words_.size());
    for (std::size_t i = 0; i < words_.size(); ++i) {
        slots[i] = words_[i];
        if (words_[i].size() >= kOwnBlock) {
            LargeBlock block{words_[i].size(), sizeof(Block)};
            std::memcpy(block.bytes(), words_[i].data(), words_[i].size());
            slots[i] = {block.bytes(), block.length()};
            list_.adopted(i, std::move(block));
        }
    }
    words.assign(slots, slots + words_.size());
}

std::string CommandRunner::run(Strings words) {
    effects.clear();
    words_ = std::move(words);
    std::vector<Bytes> views;
    lay_out(views);
    REQUIRE_FALSE(views.empty());
    Command* command = registry.find(views[0]);
    if (command == nullptr) return "-" + std::string{errors::unknown_command(views).text()} + "\r\n";
    if (!command->subcommands().empty() && views.size() > 1) {
        if (Command* sub = command->subcommand(views[1])) command = sub;
    }
    if (!command->runs() || !command->spec().arity.accepts(views.size())) {
        return "-" + std::string{errors::wrong_arity(command->name()).text()} + "\r\n";
    }
    const auto first = static_cast<std::size_t>(command->first_key());
    cx_.args = Args{views, command->parent() != nullptr ? std::size_t{2} : std::size_t{1}};
    cx_.command = command;
    cx_.caller = &caller;
    cx_.out = &reply_;
    cx_.database = &keyspace.db(caller.db_index);
    cx_.first_key_at = first < views.size() ? first : 0;
    if (cx_.first_key_at != 0) cx_.first_key_hash = hash_bytes(views[first]);
    cx_.list = &list_;
    cx_.first_word = 0;
    if (const Status status = command->run(cx_); !status) {
        CHECK(output_.empty());  // a command that refuses has written nothing
        CHECK(effects.empty());  // and changed nothing
        reply_.error(status.error());
    }
    return take_output();
}

std::string CommandRunner::take_output() {
    std::string out;
    while (!output_.empty()) {
        iovec pieces[16];
        const std::size_t count = output_.gather(pieces, 16);
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < count; ++i) {
            out.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
            bytes += pieces[i].iov_len;
        }
        output_.consume(bytes);
    }
    return out;
}

Strings CommandRunner::events() const {
    Strings out;
    for (const Change& change : effects.changes())
        out.push_back(std::string{change.event.name} + " " + std::string{change.key});
    return out;
}

Strings CommandRunner::touched() const {
    Strings out;
    for (const Change& change : effects.changes()) {
        if (change.touches) out.emplace_back(change.key);
    }
    return out;
}

Strings CommandRunner::replicated() const {
    Strings out;
    if (effects.suppressed() || effects.dirty() == 0) return out;
    for (const Rewrite& rewrite : effects.rewrites()) out.push_back(joined(rewrite.words));
    if (out.empty()) out.push_back(joined(words_));
    return out;
}

void CommandRunner::advance_ms(std::int64_t ms) {
    clock.advance_ms(ms);
    keyspace.set_now(clock.wall_ms());
    keyspace.remove_due(keyspace.now(), clock, 1'000'000);
}

void CommandRunner::on_expired(Database&, const Entry& entry) { expired_.emplace_back(entry.key()); }

void CommandRunner::on_members_expired(Database&, const Entry& entry, std::span<const Bytes> names) {
    for (const Bytes name : names) expired_members_.push_back(std::string{entry.key()} + " " + std::string{name});
}

void CommandRunner::on_emptied(Database&, const Entry& entry) { expired_members_.emplace_back(entry.key()); }

std::string CommandRunner::encoding(Bytes key) {
    const Entry* entry = keyspace.db(caller.db_index).peek(Key{key});
    return entry == nullptr ? "" : std::string{type_ops(entry->type()).encoding_name(entry->value())};
}

UnixMs CommandRunner::deadline(Bytes key) {
    const Entry* entry = keyspace.db(caller.db_index).peek(Key{key});
    return entry == nullptr ? kNoDeadline : entry->deadline();
}

void CommandRunner::hold_other_type(Bytes key) {
    Database& db = keyspace.db(caller.db_index);
    db.put(Key{key}, db.write(Key{key}), {.type = Type::stream}, kNoDeadline);
}

}  // namespace keel::test
