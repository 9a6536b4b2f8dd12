// SPDX-License-Identifier: BSD-3-Clause
#include "server/migrations.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "persistence/rdb/dump.h"
#include "protocol/base/log.h"
#include "protocol/resp/reply_reader.h"
#include "server/net/loop.h"
#include "server/net/outgoing_link.h"
#include "server/server.h"

namespace keel {

namespace {

constexpr std::int64_t kLookAgainUs = 2000;  // while a name is looked up, whose end rings no bell
constexpr ReplyLimits kReplyLimits{.max_depth = 4, .max_line_bytes = 16 * 1024, .max_bytes = 64 * 1024};

constexpr Bytes kNotConnected = "IOERR error or timeout connecting to the client";
constexpr Bytes kNotWritten = "IOERR error or timeout writing to target instance";
constexpr Bytes kNotRead = "IOERR error or timeout reading to target instance";

}  // namespace

class Migrations::Job final : public MigrationSource {
  public:
    Job(Migrations& home, MigrateRequest request, std::uint64_t session_id)
        : session_id(session_id), home_(home), server_(home.server_), migration_(std::move(request)) {
        link_ = home_.kept_link(target());
        reused_ = link_ != nullptr;
        if (!reused_) link_ = home_.new_link(request_());
        greet();
    }
    ~Job() override { let_all_go(); }

    // Goes on as far as it can; true: it has come to its end.
    bool look();
    [[nodiscard]] std::int64_t next_look_us() const;
    [[nodiscard]] const std::optional<std::string>& error() const { return io_error_ ? io_error_ : migration_.error(); }

    std::uint64_t session_id;  // 0: it has gone

    // MigrationSource
    Result<std::optional<Dumped>> dump(std::size_t key, bool watched) override;
    [[nodiscard]] bool taken(std::size_t key) const override;
    [[nodiscard]] bool touched(std::size_t key) const override;
    [[nodiscard]] bool there(std::size_t key) const override { return entry(key) != nullptr; }
    void remove(std::size_t key) override;
    void let_go(std::size_t key) override;

  private:
    [[nodiscard]] const MigrateRequest& request_() const { return migration_.request(); }
    [[nodiscard]] Target target() const {
        const MigrateRequest& r = request_();
        return {r.host, r.port, r.user, r.password};
    }
    [[nodiscard]] Bytes name(std::size_t key) const { return request_().keys[key]; }
    [[nodiscard]] Database& db() const { return server_.keyspace.db(request_().from_db); }
    [[nodiscard]] Entry* entry(std::size_t key) const { return db().peek(Key{name(key)}); }
    [[nodiscard]] KeySpot spot(std::size_t key) const { return {request_().from_db, name(key)}; }
    [[nodiscard]] bool waits_for_target() const;
    void greet();
    bool read_replies();
    bool ended();
    bool fail(Bytes why);
    void let_all_go();

    Migrations& home_;
    Server& server_;
    Migration migration_;
    std::unique_ptr<OutgoingLink> link_;
    ReplyReader reader_{kReplyLimits};
    bool reused_ = false;
    bool heard_ = false;  // on this connection
    std::uint64_t progress_ = 0;
    std::int64_t deadline_us_ = 0;
    std::optional<std::string> io_error_;
};

// ---- Going on ----

void Migrations::Job::greet() {
    link_->send(migration_.greeting());
    progress_ = link_->progress();
    deadline_us_ = server_.clock.steady_us() + request_().timeout_ms * 1000;
}

bool Migrations::Job::look() {
    if (!read_replies()) return fail(kNotRead);
    if (link_->state() == OutgoingLink::State::ended && !migration_.done()) return ended();
    std::string out;
    migration_.pump(*this, link_->unsent(), out);
    const bool sent = !out.empty();
    link_->send(std::move(out));
    if (migration_.done()) {
        home_.keep(target(), std::move(link_));
        return true;
    }
    const std::int64_t now_us = server_.clock.steady_us();
    const std::uint64_t progress = link_->progress();
    if (progress != progress_ || sent) deadline_us_ = now_us + request_().timeout_ms * 1000;
    progress_ = progress;
    if (!waits_for_target() || now_us < deadline_us_) return false;
    if (link_->state() != OutgoingLink::State::open) return fail(kNotConnected);
    return fail(link_->unsent() > 0 ? kNotWritten : kNotRead);
}

// False: what came is no reply, or one that nobody asked for.
bool Migrations::Job::read_replies() {
    while (!migration_.done()) {
        const auto outcome = reader_.next(link_->received());
        link_->consume(reader_.consumed());
        if (outcome == ReplyReader::Outcome::incomplete) return true;
        if (outcome == ReplyReader::Outcome::error) return false;
        heard_ = true;
        if (!migration_.on_reply(*this, reader_.take())) return false;
    }
    return true;  // what else came is nobody's: such a connection is not kept
}

// The connection is gone. One that was kept may have been closed by the target just when it was needed again.
bool Migrations::Job::ended() {
    log_verbose("MIGRATE to {}:{}: {}", request_().host, request_().port, link_->error());
    if (link_->unresolved()) return fail(kNotConnected);
    if (!reused_ || heard_) return fail(link_->was_open() && link_->unsent() == 0 ? kNotRead : kNotWritten);
    reused_ = false;
    migration_.restart(*this);
    reader_.reset();
    link_ = home_.new_link(request_());
    greet();
    return false;
}

bool Migrations::Job::fail(Bytes why) {
    io_error_ = why;
    return true;
}

// Not while it waits for keys that another migration has on their way.
bool Migrations::Job::waits_for_target() const {
    return link_->state() != OutgoingLink::State::open || link_->unsent() > 0 || migration_.expects();
}

std::int64_t Migrations::Job::next_look_us() const {
    const std::int64_t now_us = server_.clock.steady_us();
    const bool resolving = link_->state() == OutgoingLink::State::resolving;
    const std::int64_t until_us = waits_for_target() ? deadline_us_ : now_us + kKeepUs;
    return resolving ? std::min(until_us, now_us + kLookAgainUs) : until_us;
}

// ---- Keys ----

Result<std::optional<MigrationSource::Dumped>> Migrations::Job::dump(std::size_t key, bool watched) {
    const Entry* found = entry(key);
    if (found == nullptr) return std::optional<Dumped>{};
    KEEL_TRY(std::string payload, rdb::dump_value(found->value(), server_.settings));
    const UnixMs deadline = found->deadline();
    // Life is sent as what is left of it, as clocks differ; but not where the target's clock, somewhat ahead, would
    // lead over the largest number (redis-server 7.0 does not see that, and takes the key for one that is due).
    constexpr std::int64_t kAheadMs = std::int64_t{1} << 50;
    const bool absolute = deadline != kNoDeadline && deadline > std::numeric_limits<std::int64_t>::max() - kAheadMs;
    const std::int64_t ttl = deadline == kNoDeadline ? 0
                             : absolute              ? deadline
                                                     : std::max<std::int64_t>(deadline - server_.keyspace.now(), 1);
    if (watched) home_.in_flight_.emplace(KeptKeySpot{spot(key).db, std::string{name(key)}}, InFlight{this, false});
    return std::optional{Dumped{std::move(payload), ttl, absolute}};
}

bool Migrations::Job::taken(std::size_t key) const { return home_.in_flight_.contains(spot(key)); }

bool Migrations::Job::touched(std::size_t key) const {
    const auto found = home_.in_flight_.find(spot(key));
    return found == home_.in_flight_.end() || found->second.touched;
}

void Migrations::Job::let_go(std::size_t key) {
    const auto found = home_.in_flight_.find(spot(key));
    if (found == home_.in_flight_.end() || found->second.job != this) return;
    home_.in_flight_.erase(found);
    home_.news_ = true;  // somebody may wait for it
}

void Migrations::Job::let_all_go() {
    std::erase_if(home_.in_flight_, [this](const auto& one) { return one.second.job == this; });
    home_.news_ = true;
}

// A large value is freed in the background whatever the settings say: nobody is to wait for a migration.
void Migrations::Job::remove(std::size_t key) {
    const Key found{name(key)};
    db().erase(found, db().peek(found), true);
    server_.effects.changed(request_().from_db, found.text, events::kDel);
    server_.effects.replicate_as(request_().from_db, {"DEL", found.text});
    server_.after_command.drain();
}

// ---- All of them ----

Migrations::Migrations(Server& server) : server_(server) {}

Migrations::~Migrations() { jobs_.clear(); }  // they look at the others while they end

void Migrations::begin(Context& cx, MigrateRequest request) {
    Session& session = session_of(cx);
    session.parked = Parked::blocked;
    session.waiting_bytes = sizeof(Job);
    for (const std::string& key : request.keys) session.waiting_bytes += sizeof(std::string) + key.size();
    jobs_.push_back(std::make_unique<Job>(*this, std::move(request), session.id));
    news_ = true;
}

void Migrations::note(const Effects& effects) {
    for (const Change& change : effects.changes()) {
        if (!change.touches) continue;
        // A key that came to its end by itself does so at the target; one that was evicted is well off there.
        if (change.event.name == events::kExpired.name || change.event.name == events::kEvicted.name) continue;
        const auto found = in_flight_.find(KeySpot{change.db, change.key});
        if (found != in_flight_.end()) found->second.touched = true;
    }
    const auto touch_all = [this](int db) {
        for (auto& [spot, one] : in_flight_) one.touched = one.touched || db == -1 || spot.db == db;
    };
    for (const int db : effects.flushed_databases()) touch_all(db);
    for (const Effects::Swap& swap : effects.swaps()) {
        touch_all(swap.a);
        touch_all(swap.b);
    }
}

void Migrations::look_at_all() {
    if (server_.pause.active()) return;
    const auto due = next_look_us();
    if (!news_ && due && server_.clock.steady_us() < *due) return;
    news_ = false;
    for (std::size_t i = 0; i < jobs_.size();) {
        if (!jobs_[i]->look()) {
            ++i;
            continue;
        }
        const std::unique_ptr<Job> job = std::move(jobs_[i]);
        jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(i));
        answer(*job);
    }
}

void Migrations::answer(const Job& job) {
    Session* session = server_.clients.find(job.session_id);
    if (session == nullptr || session->closing) return;
    session->parked = Parked::no;
    session->waiting_bytes = 0;
    const std::uint64_t reply_at = session->output_end();
    server_.dispatcher.answer_late(*session, [&job](Reply& out) {
        if (job.error())
            out.error(*job.error());
        else
            out.ok();
    });
    server_.append_log.bind(*session, reply_at);  // that the keys are gone here is to hold, too
    server_.clients.wrote_to(*session);
    server_.clients.wake(*session);
}

std::optional<std::int64_t> Migrations::next_look_us() const {
    if (jobs_.empty() || server_.pause.active()) return std::nullopt;
    std::int64_t next = server_.clock.steady_us() + (news_ ? 0 : kKeepUs);
    for (const auto& job : jobs_) next = std::min(next, job->next_look_us());
    return next;
}

void Migrations::forget(const Session& session) {
    for (const auto& job : jobs_) {
        if (job->session_id == session.id) job->session_id = 0;
    }
}

// ---- Connections ----

std::unique_ptr<OutgoingLink> Migrations::new_link(const MigrateRequest& request) {
    return std::make_unique<OutgoingLink>(server_.loop->context(), server_.clients, request.host, request.port,
                                          [this] { news_ = true; });
}

std::unique_ptr<OutgoingLink> Migrations::kept_link(const Target& target) {
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&target](const Kept& kept) {
        return kept.target == target && kept.link->state() == OutgoingLink::State::open &&
               kept.link->received().empty();
    });
    if (found == kept_.end()) return nullptr;
    std::unique_ptr<OutgoingLink> link = std::move(found->link);
    kept_.erase(found);
    return link;
}

void Migrations::keep(const Target& target, std::unique_ptr<OutgoingLink> link) {
    if (link->state() != OutgoingLink::State::open || !link->received().empty() || kept_.size() >= kMostKept) return;
    kept_.push_back({target, std::move(link), server_.clock.steady_us()});
}

void Migrations::cron() {
    const std::int64_t now_us = server_.clock.steady_us();
    std::erase_if(kept_, [now_us](const Kept& kept) {
        return kept.link->state() != OutgoingLink::State::open || now_us - kept.since_us >= kKeepUs;
    });
}

}  // namespace keel
