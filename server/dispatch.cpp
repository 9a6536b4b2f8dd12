// SPDX-License-Identifier: BSD-3-Clause
#include "server/dispatch.h"

#include <utility>

#include "datatypes/encodings/hash.h"
#include "datatypes/encodings/prefetch.h"
#include "protocol/base/log.h"
#include "server/acl/access.h"
#include "server/script/scripting.h"
#include "server/secrets.h"
#include "server/server.h"

namespace keel {

namespace {
bool is_exec(const Command& command) { return command.is(Flag::unqueued) && command.spec().name == "exec"; }
}  // namespace

Dispatcher::Dispatcher(Server& server)
    : server_(server),
      cx_{.keyspace = server.keyspace,
          .effects = server.effects,
          .settings = server.settings,
          .registry = server.registry,
          .random = server.random,
          .clock = server.clock} {}

// ---- Ahead ----

void Dispatcher::resolve(Call& call, const Session& session) const {
    resolve(call, session, server_.registry.find(call.words[0]));
}

void Dispatcher::resolve(Call& call, const Session& session, Command* command) const {
    call.command = command;
    if (call.command == nullptr) return;
    if (!call.command->subcommands().empty() && call.words.size() > 1) {
        // An unknown subcommand leaves the container, which cannot run: gate_known tells the client.
        if (Command* sub = call.command->subcommand(call.words[1])) call.command = sub;
    }
    const auto first = static_cast<std::uint32_t>(call.command->first_key());
    if (first == 0 || first >= call.words.size()) return;
    call.first_key_at = first;
    call.first_key_hash = hash_bytes(call.words[first]);
    (void)session;
}

void Dispatcher::prefetch_key(const Call& call, const Session& session, int stage) const {
    if (call.first_key_at == 0) return;
    const auto& table = server_.keyspace.db(session.db_index).table();
    if (stage == 1)
        table.prefetch_line(call.first_key_hash);
    else
        table.prefetch_item(call.first_key_hash);
}

namespace {
// Of a value that is read whole, if it is packed: the processor follows lines by itself only after some misses.
void prefetch_behind(const void* value) {
    constexpr std::size_t kLine = 64;
    constexpr std::size_t kLines = 8;
    for (std::size_t i = 1; i < kLines; ++i) keel::prefetch(static_cast<const char*>(value) + i * kLine);
}
}  // namespace

bool Dispatcher::prefetch_value(Call& call, const Session& session) const {
    if (call.first_key_at == 0) return false;
    const Group group = call.command->spec().group;
    if (group == Group::string || group == Group::generic) return false;  // mostly in the entry, which is here
    const Bytes key = call.words[call.first_key_at];
    const Entry* entry = server_.keyspace.db(session.db_index).table().find(key, call.first_key_hash);
    if (entry == nullptr || entry->type() == Type::string) return false;
    keel::prefetch(entry->payload());
    const std::size_t member_at = group == Group::hash ? call.first_key_at + 1 : call.words.size() - 1;
    if (group == Group::hash && member_at == call.words.size()) prefetch_behind(entry->payload());
    if (type_ops(entry->type()).prefetch == nullptr || member_at <= call.first_key_at) return false;
    if (member_at >= call.words.size()) return false;
    call.ahead = entry;
    call.member_hash = hash_bytes(call.words[member_at]);
    return true;
}

void Dispatcher::prefetch_member(const Call& call, int stage) const {
    if (call.ahead != nullptr) type_ops(call.ahead->type()).prefetch(call.ahead->value(), call.member_hash, stage);
}

// ---- Gates ----

template <auto... kGates>
Dispatcher::Verdict Dispatcher::ask(Session& session, Call& call) {
    Verdict verdict = Verdict::pass;
    (void)(((verdict = (this->*kGates)(session, call)) == Verdict::pass) && ...);
    return verdict;
}

Dispatcher::Verdict Dispatcher::check_gates(Session& session, Call& call) {
    // A stranger learns nothing, not even which commands exist: whether he is known comes before all else.
    return ask<&Dispatcher::gate_authenticated, &Dispatcher::gate_known, &Dispatcher::gate_arity,
               &Dispatcher::gate_protected, &Dispatcher::gate_queueable, &Dispatcher::gate_permitted,
               &Dispatcher::gate_memory, &Dispatcher::gate_disk, &Dispatcher::gate_subscribed,
               &Dispatcher::gate_loading, &Dispatcher::gate_paused>(session, call);
}

Dispatcher::Verdict Dispatcher::gate_authenticated(Session& session, Call& call) {
    if (session.authenticated) [[likely]]
        return Verdict::pass;
    if (call.command != nullptr && call.command->is(Flag::no_auth)) return Verdict::pass;
    return refuse(errors::kNoAuth);
}

Dispatcher::Verdict Dispatcher::gate_known(Session&, Call& call) {
    const Command* command = call.command;
    if (command == nullptr) return refuse(errors::unknown_command(call.words));
    if (!command->subcommands().empty() && call.words.size() > 1 && command->parent() == nullptr) {
        return refuse(errors::unknown_subcommand(command->name(), call.words[1]));
    }
    return Verdict::pass;
}

Dispatcher::Verdict Dispatcher::gate_arity(Session&, Call& call) {
    if (call.command->spec().arity.accepts(call.words.size())) [[likely]]
        return Verdict::pass;
    return refuse(errors::wrong_arity(call.command->name()));
}

Dispatcher::Verdict Dispatcher::gate_protected(Session& session, Call& call) {
    if (!call.command->is(Flag::is_protected)) [[likely]]
        return Verdict::pass;
    const bool module = call.command->spec().name == "module" ||
                        (call.command->parent() != nullptr && call.command->parent()->spec().name == "module");
    const Protected setting = module ? server_.settings.acl.module_command : server_.settings.acl.debug_command;
    const bool local = session.unix_socket || session.loopback;
    if (setting == Protected::yes || (setting == Protected::local && local)) return Verdict::pass;
    return refuse(errors::protected_command(module ? "MODULE" : "DEBUG",
                                            module ? "enable-module-command" : "enable-debug-command"));
}

namespace {
// The questions about rights that most requests need.
bool passes_at_once(const Session& session, const Call& call) {
    const acl::User* const user = session.rights.get();
    return user != nullptr &&
           (user->unrestricted() || user->may_always(*call.command) || user->may_at_once(*call.command, call.words) ||
            user->allows_single_key(*call.command, call.words));
}
}  // namespace

Dispatcher::Verdict Dispatcher::gate_permitted(Session& session, Call& call) {
    if (passes_at_once(session, call)) [[likely]]
        return Verdict::pass;
    Status permitted =
        look_up_rights(session, call, session.in_transaction() ? acl::Where::multi : acl::Where::toplevel);
    if (permitted) [[likely]]
        return Verdict::pass;
    return refuse(std::move(permitted).error());
}

Status Dispatcher::permit(Session& session, const Call& call, acl::Where where) {
    if (session.authenticated && passes_at_once(session, call)) [[likely]]
        return {};
    return look_up_rights(session, call, where);
}

Status Dispatcher::look_up_rights(Session& session, const Call& call, acl::Where where) {
    if (!session.authenticated && !call.command->is(Flag::no_auth)) return errors::kNoAuth;
    acl::Refusal refusal{acl::Denied::command};
    if (session.rights != nullptr) [[likely]] {
        acl::Request request{*call.command, call.words, permit_keys_};
        refusal = session.rights->check(request);
        if (refusal.what == acl::Denied::no) [[likely]]
            return {};
        if (acl::told_by_command(*call.command, refusal)) return {};
    }
    return acl::refused(server_, session, call, refusal, where);
}

// EXEC asks for what its commands ask for, a script for what it declares.
Flag Dispatcher::wanted_flags(const Session& session, const Call& call) const {
    const Flag flags = server_.scripting->flags_of(call);
    return is_exec(*call.command) && session.in_transaction() ? flags | session.transaction->flags : flags;
}

Dispatcher::Verdict Dispatcher::gate_queueable(Session& session, Call& call) {
    if (!session.in_transaction() || !call.command->is(Flag::no_multi)) [[likely]]
        return Verdict::pass;
    return refuse(errors::kNotInsideMulti);
}

Dispatcher::Verdict Dispatcher::gate_memory(Session& session, Call& call) {
    if (server_.settings.memory.max_bytes == 0) [[likely]]
        return Verdict::pass;
    const bool fits = server_.make_room();
    server_.after_command.drain();
    begin_laps();  // evicting others is not this command's
    if (fits) return Verdict::pass;
    // Whatever is queued takes memory.
    const bool queues = session.in_transaction() && !call.command->is(Flag::unqueued);
    if (!queues && !has(wanted_flags(session, call), Flag::denyoom)) return Verdict::pass;
    return refuse(errors::kOom);
}

// PING too: whoever watches over the server asks with it.
Dispatcher::Verdict Dispatcher::gate_disk(Session& session, Call& call) {
    const bool snapshot_fails = server_.snapshots.refuses_writes();
    const Error* const log_fails = server_.append_log.refusal();
    if (!snapshot_fails && log_fails == nullptr) [[likely]]
        return Verdict::pass;
    const bool writes = has(wanted_flags(session, call), Flag::write);
    if (!writes && call.command->spec().name != "ping") return Verdict::pass;
    return refuse(snapshot_fails ? Error{errors::kMisconfSnapshot} : Error{*log_fails});
}

// RESP2 has no way to tell a reply from a message: once subscribed, only a few commands may be sent.
Dispatcher::Verdict Dispatcher::gate_subscribed(Session& session, Call& call) {
    if (!session.subscribed() || session.reply.protocol() == 3) [[likely]]
        return Verdict::pass;
    static constexpr Bytes kAllowed[] = {"ping",       "subscribe",    "unsubscribe", "psubscribe", "punsubscribe",
                                         "ssubscribe", "sunsubscribe", "quit",        "reset"};
    for (const Bytes name : kAllowed) {
        if (call.command->spec().name == name) return Verdict::pass;
    }
    return refuse(errors::not_while_subscribed(call.command->name()));
}

Dispatcher::Verdict Dispatcher::gate_loading(Session&, Call& call) {
    if (!server_.loading.active() || call.command->is(Flag::loading)) [[likely]]
        return Verdict::pass;
    return refuse(errors::kLoading);
}

Dispatcher::Verdict Dispatcher::gate_paused(Session& session, Call& call) {
    if (!server_.pause.active()) [[likely]]
        return Verdict::pass;
    if (session.client_class == ClientClass::replica || session.client_class == ClientClass::primary)
        return Verdict::pass;
    const Command& command = *call.command;
    const Flag flags = wanted_flags(session, call);
    const bool writes = has(flags, Flag::write) || has(flags, Flag::may_replicate);
    if (server_.pause.mode() == Pause::Mode::writes && !writes) return Verdict::pass;
    if (command.parent() != nullptr && command.parent()->spec().name == "client" && command.spec().name == "unpause")
        return Verdict::pass;
    return Verdict::park;
}

// Not in the first list: nobody else's request comes while a script runs, but through execute_while_busy().
Dispatcher::Verdict Dispatcher::gate_busy(Session&, Call& call) {
    if (call.command->is(Flag::allow_busy)) return Verdict::pass;
    return refuse(server_.scripting->runner.running()->is_function ? errors::kBusyFunction : errors::kBusyScript);
}

// ---- Execute ----

// A web page can make a browser on this machine send us requests of its own. Their first lines are no commands of
// ours, but lines of the body may be: the connection ends before those are read.
bool Dispatcher::refuse_browser(Session& session, const Call& call) {
    if (!equal_nocase(call.words[0], "post") && !equal_nocase(call.words[0], "host:")) return false;
    constexpr std::int64_t kSayEveryUs = 60'000'000;
    const std::int64_t now_us = server_.clock.steady_us();
    if (now_us - browser_said_us_ > kSayEveryUs || browser_said_us_ == 0) {
        browser_said_us_ = now_us;
        log_warning(
            "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands, as a browser "
            "does "
            "that was made to talk to this server by a web page. Connection from {} aborted.",
            session.peer_address);
    }
    server_.clients.close(session);
    return true;
}

Ran Dispatcher::execute(Session& session, Call& call) {
    if (call.command == nullptr && refuse_browser(session, call)) [[unlikely]]
        return Ran::done;
    const Verdict verdict = check_gates(session, call);
    if (verdict == Verdict::park) [[unlikely]] {
        session.parked = Parked::paused;
        return Ran::parked;
    }
    begin_reply(session);
    if (verdict == Verdict::refuse) [[unlikely]] {
        reject(session, call, std::move(refusal_).error());
    } else if (session.in_transaction() && !call.command->is(Flag::unqueued)) [[unlikely]] {
        queue(session, call);
    } else {
        server_.pubsub.begin_answer(session);
        run(cx_, session, call, Time::first);
        server_.pubsub.end_answer();
        if (session.tracker) [[unlikely]]
            Tracking::use_up_caching(session, *call.command);
    }
    end_reply(session);
    if (server_.blocking.has_ready()) [[unlikely]]
        server_.blocking.serve();
    return Ran::done;
}

void Dispatcher::execute_again(Session& session, Call& call) {
    resume_reply(session);
    begin_laps();
    if (const Status permitted = permit(session, call, acl::Where::toplevel); permitted) [[likely]] {
        server_.pubsub.begin_answer(session);
        run(cx_, session, call, Time::again);
        server_.pubsub.end_answer();
    } else {
        reject(session, call, permitted.error());
    }
    end_reply(session);
}

void Dispatcher::answer_late(Session& session, absl::FunctionRef<void(Reply&)> write) {
    resume_reply(session);
    const std::uint64_t errors_before = session.reply.errors_written();
    write(session.reply);
    // A session's last command is the one that waited; rows are constant, what is counted of them is not.
    count(session, const_cast<Command&>(*session.last_command), 0, errors_before);
    end_reply(session);
}

void Dispatcher::begin_reply(Session& session) {
    if (session.reply_mode == ReplyMode::on) [[likely]]
        return;
    if (session.reply_mode == ReplyMode::skip_next) session.reply_mode = ReplyMode::skip_this;
    session.reply.set_muted(true);
}

// The answer of a command that waited is muted if the one it did not give would have been.
void Dispatcher::resume_reply(Session& session) { session.reply.set_muted(session.reply_mode != ReplyMode::on); }

void Dispatcher::end_reply(Session& session) {
    if (session.parked == Parked::blocked) [[unlikely]] {
        session.reply.set_muted(session.reply_mode == ReplyMode::off);
        return;  // no answer yet: it is this one that SKIP is about
    }
    if (session.reply_mode == ReplyMode::on) [[likely]] {
        session.reply.set_muted(false);
        return;
    }
    if (session.reply_mode == ReplyMode::skip_this) {
        session.reply_mode = ReplyMode::on;
        session.reply.set_muted(false);
    }
}

void Dispatcher::queue(Session& session, Call& call) {
    Transaction& transaction = *session.transaction;
    if (!transaction.aborted && !transaction.broken) {
        if (!call.stays) {
            transaction.queue.add(call);
        } else {
            if (!transaction.queue.has_lent()) borrowers_.push_back(&session);
            transaction.queue.lend(call);
        }
        transaction.flags = transaction.flags | server_.scripting->flags_of(call);
    }
    session.last_command = call.command;
    ++session.commands;
    session.reply.queued();
}

// A session that ended meanwhile is freed after the turn.
void Dispatcher::keep_lent() {
    for (Session* session : borrowers_) {
        if (session->transaction) session->transaction->queue.keep();
    }
    borrowers_.clear();
}

// EXEC that is refused ends its transaction, and says so even if there was none.
Error Dispatcher::refuse_exec(Session& session, const Error& error) {
    server_.end_transaction(session);
    const Bytes why = error.text();
    return errors::exec_abort(why.starts_with("ERR ") ? why.substr(4) : why);
}

Ran Dispatcher::reject(Session& session, Call& call, Error error) {
    if (call.command != nullptr && is_exec(*call.command))
        error = refuse_exec(session, error);
    else if (session.in_transaction())
        session.transaction->aborted = true;
    session.reply.error(error);
    server_.stats.count_error(error.text());
    if (call.command != nullptr) ++call.command->stats.rejected;
    return Ran::done;
}

void Dispatcher::set_request(Context& cx, Session& session, const Call& call) {
    const Command& command = *call.command;
    cx.args = Args{call.words, command.parent() != nullptr ? std::size_t{2} : std::size_t{1}};
    cx.command = &command;
    cx.caller = &session;
    cx.out = &session.reply;
    cx.database = &server_.keyspace.db(session.db_index);
    cx.first_key_at = call.first_key_at;
    cx.first_key_hash = call.first_key_hash;
    cx.list = call.list;
    cx.first_word = call.first_word;
    server_.keyspace.set_touching(!session.no_touch);
}

void Dispatcher::run(Context& cx, Session& session, Call& call, Time time) {
    const Command& command = *call.command;
    set_request(cx, session, call);
    // The log may want the words, all of them, when the command is over.
    const bool logged = server_.append_log.on();
    const int db = session.db_index;
    if (logged) {
        cx.list = nullptr;
        server_.append_log.begin();
    }
    // While clients are paused nothing goes by itself, so that what a failover hands over stands still; while data is
    // loaded, because a log has still to say what becomes of a key.
    const bool stands_still = server_.pause.active() || server_.loading.active();
    server_.keyspace.due_keys = replaying_ ? DueKeys::show : stands_still ? DueKeys::hide : DueKeys::remove;
    const Call* const outer = std::exchange(running_, &call);
    const Session* const outer_session = std::exchange(running_session_, &session);
    if (time != Time::inside) session.last_command = &command;
    if (time == Time::first) ++session.commands;

    const Before before{lap_, session.reply.errors_written(), session.output.bytes()};
    const std::uint64_t reply_at = session.output_end();
    if (const Status status = command.run(cx); !status) session.reply.error(status.error());
    // Afterwards, so that SELECT is shown with the database it chose, and RESET not to the monitor it was.
    const bool shown = time != Time::again && !command.is(Flag::skip_monitor) && !command.is(Flag::admin);
    if (server_.monitors.any() && shown) [[unlikely]]
        server_.monitors.feed(session, without_secrets(call));
    // A command that waits is counted once it has its answer.
    if (session.parked == Parked::blocked) [[unlikely]] {
        server_.after_command.drain();
        begin_laps();
    } else {
        record(session, call, before, db);
    }
    if (logged) server_.append_log.end(session, reply_at);
    running_ = outer;
    running_session_ = outer_session;
}

void Dispatcher::run_inside(Session& session, Call& call) { run_deeper(session, call, Time::inside); }

void Dispatcher::run_deeper(Session& session, Call& call, Time time) {
    if (depth_ == inner_.size()) [[unlikely]]
        inner_.push_back(cx_);
    run(inner_[depth_++], session, call, time);
    --depth_;
    // The outer command goes on as it was.
    server_.keyspace.set_touching(!static_cast<const Session*>(cx_.caller)->no_touch);
}

void Dispatcher::begin_replay() { replay_.emplace(cx_); }

void Dispatcher::replay(Session& session, Call& call) {
    set_request(*replay_, session, call);
    server_.keyspace.due_keys = DueKeys::show;
    // Commands of scripts run in a copy of the dispatcher's own context.
    auto* const outer = std::exchange(cx_.caller, &session);
    replaying_ = true;
    if (const Status status = call.command->run(*replay_); !status) session.reply.error(status.error());
    replaying_ = false;
    cx_.caller = outer;
    server_.effects.clear();
}

void Dispatcher::end_replay() {
    replay_.reset();
    server_.keyspace.due_keys = DueKeys::remove;
    server_.keyspace.set_touching(true);
}

void Dispatcher::execute_while_busy(Session& session, Call& call) {
    const Verdict verdict = ask<&Dispatcher::gate_authenticated, &Dispatcher::gate_known, &Dispatcher::gate_arity,
                                &Dispatcher::gate_queueable, &Dispatcher::gate_permitted, &Dispatcher::gate_subscribed,
                                &Dispatcher::gate_loading, &Dispatcher::gate_busy>(session, call);
    begin_reply(session);
    if (verdict == Verdict::refuse) {
        reject(session, call, std::move(refusal_).error());
    } else if (session.in_transaction() && !call.command->is(Flag::unqueued)) {
        queue(session, call);
    } else {
        begin_laps();
        run_deeper(session, call, Time::first);
    }
    end_reply(session);
}

void Dispatcher::record(Session& session, Call& call, const Before& before, int db) {
    lap_ = CycleClock::ticks();
    const std::uint64_t took_ns = CycleClock::ns(lap_ - before.ticks);
    count(session, *call.command, took_ns, before.errors);
    const std::size_t replied = session.output.bytes() - before.output_bytes;
    if (took_ns >= server_.slow_threshold_ns || call.request_bytes >= server_.large_request_bytes ||
        replied >= server_.large_reply_bytes) [[unlikely]]
        server_.note_call(session, call, took_ns, replied);
    if (server_.tracking.any()) [[unlikely]]
        server_.tracking.after(*call.command, call.words);
    if (server_.after_command.drain(&call, db)) [[unlikely]]
        begin_laps();  // telling others is not the next command's
    // What comes next in this turn sees the time that a slow command took; what is inside of it sees one moment.
    constexpr std::uint64_t kSlowNs = 1'000'000;
    if (took_ns >= kSlowNs && depth_ == 0) [[unlikely]]
        server_.keyspace.set_now(server_.clock.wall_ms());
}

void Dispatcher::count(Session& session, Command& command, std::uint64_t took_ns, std::uint64_t errors_before) {
    ++server_.stats.commands;
    server_.stats.loop.execute_ns += took_ns;
    ++command.stats.calls;
    command.stats.ns += took_ns;
    if (server_.settings.latency.tracking) {
        if (!command.stats.histogram) [[unlikely]] {
            command.stats.histogram = std::make_unique<std::uint32_t[]>(LatencyHistogram::kSteps);
        }
        ++command.stats.histogram[LatencyHistogram::step_of(took_ns)];
    }
    if (session.reply.errors_written() != errors_before) [[unlikely]] {
        if (const auto counted = std::exchange(session.failures, std::nullopt)) {
            command.stats.failed += *counted;
            return;
        }
        ++command.stats.failed;
        server_.stats.count_error(session.reply.last_error());
    }
}

}  // namespace keel
