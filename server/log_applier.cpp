// SPDX-License-Identifier: BSD-3-Clause
#include "server/log_applier.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "protocol/base/words.h"
#include "server/server.h"

namespace keel {

namespace {

bool is_transactional(const Command& command, Bytes name) {
    return command.is(Flag::unqueued) && command.spec().name == name;
}

// Commands about data. Others speak to a client, of which there is none, or steer the server.
bool belongs(const Command& command) {
    const auto in = [](const Command& one) {
        const Bytes name = one.spec().name;
        return name == "select" || name == "script" || name == "multi" || name == "exec";
    };
    return command.is(Flag::write) || command.is(Flag::readonly) || command.is(Flag::may_replicate) || in(command) ||
           (command.parent() != nullptr && in(*command.parent()));
}

}  // namespace

LogApplier::LogApplier(Server& server) : server_(server), session_(0) {
    session_.authenticated = true;
    session_.rights = server.users.unrestricted();
    session_.deny_blocking = true;
    session_.reply.set_muted(true);
    if (!server.facts.renames.empty()) {
        for (const auto& command : server.registry.all()) renamed_.emplace(command->spec().name, command.get());
    }
    server_.effects.set_heard(false);
    server_.dispatcher.begin_replay();
}

LogApplier::~LogApplier() { server_.dispatcher.end_replay(); }

void LogApplier::reset() {
    session_.db_index = 0;
    queueing_ = false;
    queue_.clear();
}

Applier::Outcome LogApplier::apply(ArgumentList& words, std::span<const Request> batch) {
    server_.keyspace.set_now(server_.clock.wall_ms());
    calls_.clear();
    for (const Request& request : batch) {
        Call& call = calls_.emplace_back();
        call.words = words.view(request.first, request.count);
        call.list = &words;
        call.first_word = request.first;
        resolve(call);
    }
    for (const int stage : {1, 2}) {
        for (const Call& call : calls_) server_.dispatcher.prefetch_key(call, session_, stage);
    }
    Outcome outcome;
    for (Call& call : calls_) {
        outcome.status = take(call);
        if (!outcome.status) break;
        ++outcome.applied;
    }
    return outcome;
}

void LogApplier::resolve(Call& call) const {
    server_.dispatcher.resolve(call, session_);
    if (renamed_.empty()) [[likely]]
        return;
    const auto found = renamed_.find(lower(call.words[0]));
    if (found == renamed_.end()) return;
    server_.dispatcher.resolve(call, session_, found->second);
}

Status LogApplier::accepts(std::span<const Bytes> words) const {
    Call call;
    call.words = words;
    resolve(call);
    return check(call);
}

Status LogApplier::check(const Call& call) {
    const Command* const command = call.command;
    if (command == nullptr || !command->runs())
        return Error{fmt::format("Unknown command '{}'", call.words[0].substr(0, 64))};
    if (!belongs(*command)) return Error{fmt::format("A command that is not about data, '{}',", command->name())};
    if (!command->spec().arity.accepts(call.words.size()))
        return Error{fmt::format("Wrong number of arguments for the command '{}'", command->name())};
    return {};
}

Status LogApplier::take(Call& call) {
    KEEL_TRY(check(call));
    const Command* const command = call.command;
    if (is_transactional(*command, "multi")) {
        queueing_ = true;
    } else if (is_transactional(*command, "exec")) {
        return run_queue();
    } else if (queueing_) {
        queue_.add(call);
    } else {
        return run(call);
    }
    return {};
}

Status LogApplier::run_queue() {
    queueing_ = false;
    Status done;
    for (Call& call : queue_.kept()) {
        if (done) done = run(call);
    }
    queue_.clear();
    return done;
}

Status LogApplier::run(Call& call) {
    const std::int32_t delay_us = server_.settings.snapshot.key_load_delay_us;  // for tests
    if (delay_us > 0) [[unlikely]]
        std::this_thread::sleep_for(std::chrono::microseconds{delay_us});
    const std::uint64_t errors_before = session_.reply.errors_written();
    server_.dispatcher.replay(session_, call);
    if (!session_.output.empty()) session_.output.clear();
    if (session_.reply.errors_written() == errors_before) [[likely]]
        return {};
    // What follows would go to another database than it was meant for.
    if (call.command->spec().name == "select")
        return Error{fmt::format("Can't SELECT the database {} ({} are configured)", quoted(call.words[1]),
                                 server_.settings.process.databases)};
    return {};
}

}  // namespace keel
