// SPDX-License-Identifier: BSD-3-Clause
#include "server/blocking.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "datatypes/command/context.h"
#include "server/dispatch.h"
#include "server/net/client_set.h"
#include "server/pause.h"

namespace keel {

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t deadline_after(std::int64_t now_us, std::int64_t timeout_ms) {
    if (timeout_ms == 0 || timeout_ms > (kNever - now_us) / 1000) return kNever;
    return now_us + timeout_ms * 1000;
}

std::size_t bytes_of(const std::vector<std::string>& words) {
    std::size_t bytes = words.size() * sizeof(std::string);
    for (const std::string& word : words) bytes += word.size();
    return bytes;
}

}  // namespace

// ---- Beginning to wait ----

void Blocking::wait(Context& cx, Wait wait) {
    Session& session = session_of(cx);
    session.parked = Parked::blocked;
    if (waiters_.contains(session.id)) return;  // again: place, deadline and words stay

    auto owned = std::make_unique<Waiter>(Waiter{.session_id = session.id,
                                                 .ticket = next_ticket_++,
                                                 .type = wait.type,
                                                 .also_when_gone = wait.also_when_gone,
                                                 .deadline_us = deadline_after(clock_.steady_us(), wait.timeout_ms),
                                                 .words = std::move(wait.instead),
                                                 .queues = {}});
    Waiter& waiter = *owned;
    if (waiter.words.empty()) waiter.words.assign(cx.args.words().begin(), cx.args.words().end());
    for (const Bytes key : wait.keys) enlist(waiter, {cx.db().index(), key});
    if (waiter.deadline_us != kNever) timeouts_.emplace(std::pair{waiter.deadline_us, waiter.ticket}, &waiter);
    session.waiting_bytes = bytes_of(waiter.words);
    waiters_.emplace(session.id, std::move(owned));
}

void Blocking::enlist(Waiter& waiter, const KeySpot& spot) {
    auto found = queues_.find(spot);
    if (found == queues_.end()) found = queues_.emplace(KeptKeySpot{spot.db, std::string{spot.key}}, Queue{}).first;
    Queue& queue = found->second;
    if (!queue.waiters.emplace(waiter.ticket, &waiter).second) return;  // the key is named twice
    queue.gone_waiters += waiter.also_when_gone ? 1 : 0;
    waiter.queues.push_back(&*found);
}

// ---- Which keys are ready ----

void Blocking::note(const Effects& effects) {
    for (const Change& change : effects.changes()) {
        if (change.touches) note_key({change.db, change.key});
    }
    for (const int db : effects.flushed_databases()) note_database(db, true);
    for (const Effects::Swap& swap : effects.swaps()) {
        note_database(swap.a, false);
        note_database(swap.b, false);
    }
}

void Blocking::note_key(const KeySpot& spot) {
    const auto found = queues_.find(spot);
    if (found != queues_.end()) mark(*found);
}

// All keys of the database, or (-1) of every one.
void Blocking::note_database(int db, bool gone_only) {
    for (auto& queue : queues_) {
        if ((db == -1 || queue.first.db == db) && (!gone_only || queue.second.gone_waiters != 0)) mark(queue);
    }
}

void Blocking::mark(Queues::value_type& queue) {
    if (queue.second.ready) return;
    queue.second.ready = true;
    ready_.push_back(queue.first);
}

// ---- Serving ----

void Blocking::serve() {
    if (pause_.active()) return;
    while (!ready_.empty()) {
        const std::vector<KeptKeySpot> round = std::exchange(ready_, {});
        for (const KeptKeySpot& spot : round) {
            const auto found = queues_.find(spot);
            if (found == queues_.end()) continue;
            found->second.ready = false;
            serve_key(spot);
        }
    }
}

void Blocking::serve_key(const KeySpot& spot) {
    std::uint64_t last = 0;
    for (;;) {
        // Looked up each time: whoever was run may have taken the value, and the queue, with it.
        const auto found = queues_.find(spot);
        if (found == queues_.end()) return;
        const Entry* entry = keyspace_.db(spot.db).peek(Key{spot.key});
        Waiter* waiter = next_for(found->second, last, entry);
        if (waiter == nullptr) return;
        last = waiter->ticket;
        run_again(*waiter);
    }
}

// The first waiter behind that ticket whom the present state of the key concerns. Linear past those who wait for
// another type: hardly ever is one key waited for as two.
Blocking::Waiter* Blocking::next_for(const Queue& queue, std::uint64_t behind_ticket, const Entry* entry) {
    if (entry == nullptr && queue.gone_waiters == 0) return nullptr;
    for (auto at = queue.waiters.upper_bound(behind_ticket); at != queue.waiters.end(); ++at) {
        Waiter* waiter = at->second;
        const bool wanted = entry != nullptr && entry->type() == waiter->type;
        if (wanted || waiter->also_when_gone) return waiter;
    }
    return nullptr;
}

void Blocking::run_again(Waiter& waiter) {
    const std::uint64_t id = waiter.session_id;
    Session* session = clients_.find(id);
    KEEL_CHECK(session != nullptr);
    // The session may be closed while its command runs, and the waiter with it: the words stay here meanwhile.
    std::vector<std::string> words = std::move(waiter.words);
    const std::vector<Bytes> views{words.begin(), words.end()};
    Call call{.words = views};
    dispatcher_.resolve(call, *session);
    session->parked = Parked::no;
    dispatcher_.execute_again(*session, call);
    clients_.wrote_to(*session);
    const auto found = waiters_.find(id);
    if (found == waiters_.end()) return;
    if (session->parked == Parked::blocked) {
        found->second->words = std::move(words);
        return;
    }
    remove(*found->second);
    clients_.wake(*session);
}

// ---- Other ends ----

void Blocking::end_due() {
    while (!timeouts_.empty() && timeouts_.begin()->first.first <= clock_.steady_us())
        end(*timeouts_.begin()->second, nullptr);
}

std::optional<std::int64_t> Blocking::next_timeout_us() const {
    if (timeouts_.empty()) return std::nullopt;
    return timeouts_.begin()->first.first;
}

bool Blocking::unblock(Session& session, bool with_error) {
    const auto found = waiters_.find(session.id);
    if (found == waiters_.end()) return false;
    end(*found->second, with_error ? &errors::kUnblockedByClient : nullptr);
    return true;
}

void Blocking::end_all(const ErrorText& why) {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, waiter] : waiters_) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    for (const std::uint64_t id : ids) {
        if (const auto found = waiters_.find(id); found != waiters_.end()) end(*found->second, &why);
    }
}

// Answers in the command's place: with the error, or as its time is over. That is a null array for every command in
// Redis, also for BLMOVE, whose own "nothing" is a null string.
void Blocking::end(Waiter& waiter, const ErrorText* error) {
    Session* session = clients_.find(waiter.session_id);
    KEEL_CHECK(session != nullptr);
    remove(waiter);
    session->parked = Parked::no;
    dispatcher_.answer_late(*session, [&](Reply& out) {
        if (error != nullptr)
            out.error(*error);
        else
            out.null_array();
    });
    clients_.wrote_to(*session);
    clients_.wake(*session);
}

void Blocking::forget(const Session& session) {
    const auto found = waiters_.find(session.id);
    if (found != waiters_.end()) remove(*found->second);
}

void Blocking::remove(Waiter& waiter) {
    if (Session* session = clients_.find(waiter.session_id)) session->waiting_bytes = 0;
    for (Queues::value_type* node : waiter.queues) {
        Queue& queue = node->second;
        queue.waiters.erase(waiter.ticket);
        queue.gone_waiters -= waiter.also_when_gone ? 1 : 0;
        if (queue.waiters.empty()) queues_.erase(queues_.find(node->first));
    }
    timeouts_.erase({waiter.deadline_us, waiter.ticket});
    waiters_.erase(waiter.session_id);
}

std::size_t Blocking::gone_key_count() const {
    return static_cast<std::size_t>(std::count_if(queues_.begin(), queues_.end(),
                                                  [](const auto& queue) { return queue.second.gone_waiters != 0; }));
}

}  // namespace keel
