// SPDX-License-Identifier: BSD-3-Clause
#include "server/commands/transaction_commands.h"

#include "server/server.h"

namespace keel {

namespace {

constexpr std::size_t kMostSpare = 16;
constexpr std::size_t kSpareBytes = 64 * 1024;

}  // namespace

// One that was used before costs no memory of its own: MULTI to EXEC is mostly short, and comes again and again.
std::unique_ptr<Transaction> TransactionCommands::fresh() {
    if (spare_.empty()) return std::make_unique<Transaction>();
    std::unique_ptr<Transaction> transaction = std::move(spare_.back());
    spare_.pop_back();
    return transaction;
}

void TransactionCommands::put_away(std::unique_ptr<Transaction> transaction) {
    if (spare_.size() >= kMostSpare || transaction->memory_bytes() > kSpareBytes) return;
    transaction->reset();
    spare_.push_back(std::move(transaction));
}

// MULTI
Status TransactionCommands::multi(Context& cx) {
    Session& session = session_of(cx);
    if (session.in_transaction()) return errors::kMultiNested;
    if (!session.transaction) session.transaction = fresh();
    session.transaction->open = true;
    cx.reply().ok();
    return {};
}

// EXEC. Commands fail each for itself; what was done before stays done.
Status TransactionCommands::exec(Context& cx) {
    Session& session = session_of(cx);
    if (!session.in_transaction()) return errors::kExecWithoutMulti;
    const bool expired = server_.watches.has_expired(session);
    std::unique_ptr<Transaction> transaction = server_.end_transaction(session);
    if (transaction->aborted) return errors::kExecAbort;
    if (transaction->broken || expired) {
        cx.reply().null_array();
    } else {
        cx.reply().array(transaction->queue.size());
        const std::uint64_t errors_before = session.reply.errors_written();
        run(session, transaction->queue);
        if (session.reply.errors_written() != errors_before) session.failures = 0;  // they are those of its commands
    }
    put_away(std::move(transaction));
    return {};
}

void TransactionCommands::run(Session& session, CommandQueue& queue) {
    const std::span<Call> kept = queue.kept();
    // What still lies in its batch was fetched with it.
    if (kept.size() > 1) {
        for (const int stage : {1, 2}) {
            for (const Call& call : kept) server_.dispatcher.prefetch_key(call, session, stage);
        }
    }
    session.deny_blocking = true;
    for (Call& call : kept) run(session, call);
    for (Call* call : queue.lent()) run(session, *call);
    session.deny_blocking = false;
}

void TransactionCommands::run(Session& session, Call& call) {
    // Its user may have lost rights since the command was queued.
    if (const Status permitted = server_.dispatcher.permit(session, call, acl::Where::exec); permitted) [[likely]] {
        server_.dispatcher.run_inside(session, call);
    } else {
        session.reply.error(permitted.error());
        server_.stats.count_error(permitted.error().text());
    }
    if (session.output.bytes() < ClientSet::kOutputUncounted) [[likely]]
        return;
    // The answers so far may be more than it may have waiting. What is left of the transaction is done all the same.
    server_.clients.check_output(session);
    if (session.closing) session.reply.set_muted(true);
}

// DISCARD
Status TransactionCommands::discard(Context& cx) {
    Session& session = session_of(cx);
    if (!session.in_transaction()) return errors::kDiscardWithoutMulti;
    put_away(server_.end_transaction(session));
    cx.reply().ok();
    return {};
}

// WATCH key [key ...]
Status TransactionCommands::watch(Context& cx) {
    Session& session = session_of(cx);
    if (session.in_transaction()) return errors::kWatchInsideMulti;
    const bool lost = session.transaction && session.transaction->broken;  // EXEC will say so whatever else is watched
    while (cx.args.more()) {
        const Key key = cx.next_key();
        if (!lost) server_.watches.watch(session, key);
    }
    cx.reply().ok();
    return {};
}

// UNWATCH
Status TransactionCommands::unwatch(Context& cx) {
    Session& session = session_of(cx);
    // Within a transaction, EXEC has forgotten the keys before its commands ran.
    if (session.transaction) server_.end_transaction(session);
    cx.reply().ok();
    return {};
}

std::span<const CommandSpec> TransactionCommands::rows() {
    using C = TransactionCommands;
    constexpr Flag kQuick = Flag::noscript | Flag::loading | Flag::stale | Flag::fast | Flag::allow_busy;
    static constexpr CommandSpec kRows[] = {
        {.name = "multi",
         .run = method<&C::multi>,
         .arity = exactly(1),
         .flags = kQuick | Flag::unqueued,
         .categories = Category::transaction,
         .group = Group::transactions,
         .since = "1.2.0",
         .complexity = "O(1)",
         .summary = "Begins a transaction."},
        {.name = "exec",
         .run = method<&C::exec>,
         .arity = exactly(1),
         .flags = Flag::noscript | Flag::loading | Flag::stale | Flag::skip_slowlog | Flag::unqueued,
         .categories = Category::transaction,
         .group = Group::transactions,
         .since = "1.2.0",
         .complexity = "Depends on commands in the transaction",
         .summary = "Runs the commands of the transaction."},
        {.name = "discard",
         .run = method<&C::discard>,
         .arity = exactly(1),
         .flags = kQuick | Flag::unqueued,
         .categories = Category::transaction,
         .group = Group::transactions,
         .since = "2.0.0",
         .complexity = "O(N), when N is the number of queued commands",
         .summary = "Gives the transaction up."},
        {.name = "watch",
         .run = method<&C::watch>,
         .arity = at_least(2),
         .flags = kQuick | Flag::unqueued,
         .categories = Category::transaction,
         .keys = key_range(Use::ro, 1, -1),
         .group = Group::transactions,
         .since = "2.2.0",
         .complexity = "O(1) for every key.",
         .summary = "Lets the next transaction run only if nobody changes these keys before.",
         .syntax = "key [key ...]"},
        {.name = "unwatch",
         .run = method<&C::unwatch>,
         .arity = exactly(1),
         .flags = kQuick,
         .categories = Category::transaction,
         .group = Group::transactions,
         .since = "2.2.0",
         .complexity = "O(1)",
         .summary = "Watches no key any more."},
    };
    return kRows;
}

}  // namespace keel
