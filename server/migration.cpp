// SPDX-License-Identifier: BSD-3-Clause
#include "server/migration.h"

#include <fmt/format.h>

#include <array>
#include <numeric>

#include "protocol/base/number.h"
#include "protocol/base/words.h"
#include "protocol/resp/request_writer.h"

namespace keel {

Migration::Migration(MigrateRequest request) : request_(std::move(request)), rounds_(request_.keys.size()) {
    waiting_.resize(request_.keys.size());
    std::iota(waiting_.begin(), waiting_.end(), std::size_t{0});
}

std::string Migration::greeting() {
    std::string out;
    if (request_.login) {
        if (request_.user.empty())
            append_request(out, {"AUTH", request_.password});
        else
            append_request(out, {"AUTH", request_.user, request_.password});
        expected_.push_back({Expected::Kind::auth});
    }
    append_request(out, {"SELECT", integer_text(request_.db)});
    expected_.push_back({Expected::Kind::select});
    return out;
}

void Migration::restart(MigrationSource& source) {
    std::vector<std::size_t> again;
    for (const Expected& one : expected_) {
        if (one.kind != Expected::Kind::restore) continue;
        source.let_go(one.key);
        --rounds_[one.key];
        again.push_back(one.key);
    }
    waiting_.insert(waiting_.begin(), again.begin(), again.end());
    expected_.clear();
    urgent_.clear();
    greeted_ = false;
}

void Migration::pump(MigrationSource& source, std::size_t unsent, std::string& out) {
    out += urgent_;
    urgent_.clear();
    if (!greeted_ || failed_) return;
    while (!waiting_.empty() && unsent + out.size() < kRoomBytes) {
        const std::size_t key = waiting_.front();
        if (!request_.copy && source.taken(key)) return;
        waiting_.pop_front();
        const Bytes name = request_.keys[key];
        auto dumped = source.dump(key, !request_.copy);
        if (!dumped) note_error(fmt::format("ERR key {}: {}", quoted(name), dumped.error().text()));
        if (!dumped || !*dumped) {
            if (rounds_[key] > 0) take_back(key, out);  // gone since it was sent
            continue;
        }
        const bool replace = request_.replace || rounds_[key] > 0;
        const std::string ttl = integer_text((*dumped)->ttl_ms);
        std::array<Bytes, 6> words{"RESTORE", name, ttl, (*dumped)->payload};
        std::size_t count = 4;
        if (replace) words[count++] = "REPLACE";
        if ((*dumped)->absolute) words[count++] = "ABSTTL";
        append_request(out, std::span{words}.first(count));
        expected_.push_back({Expected::Kind::restore, key});
        ++rounds_[key];
    }
}

Status Migration::on_reply(MigrationSource& source, const ReplyValue& reply) {
    if (expected_.empty()) return Error{"a reply that nobody asked for"};
    const Expected one = expected_.front();
    expected_.pop_front();
    const bool good = one.kind == Expected::Kind::del ? !reply.is_error() : reply.kind == ReplyValue::Kind::simple;
    if (!good) {
        note_error(reply.is_error() ? "ERR Target instance replied with error: " + reply.text
                                    : "ERR Target instance did not reply with OK");
    }
    switch (one.kind) {
        case Expected::Kind::auth: failed_ = !good; break;
        case Expected::Kind::select:
            failed_ = failed_ || !good;
            greeted_ = !failed_;
            break;
        case Expected::Kind::restore:
            if (good)
                restored(source, one.key);
            else
                source.let_go(one.key);
            break;
        case Expected::Kind::del: break;
    }
    return {};
}

void Migration::restored(MigrationSource& source, std::size_t key) {
    if (request_.copy) return;
    const bool touched = source.touched(key);
    const bool there = source.there(key);
    source.let_go(key);
    if (!touched) {
        if (there) source.remove(key);  // not there: it came to its end meanwhile, and does so at the target
        return;
    }
    if (there && rounds_[key] < kMostRounds) return waiting_.push_front(key);
    if (there) {
        // Not taken back: were the target this server, that would be the end of the key.
        return note_error(
            fmt::format("ERR key {} was changed each of the {} times that it was sent: it stays here, and the target "
                        "has an older copy",
                        quoted(request_.keys[key]), kMostRounds));
    }
    take_back(key, urgent_);
}

void Migration::take_back(std::size_t key, std::string& out) {
    append_request(out, {"DEL", request_.keys[key]});
    expected_.push_back({Expected::Kind::del, key});
}

void Migration::note_error(std::string text) {
    if (!error_) error_ = std::move(text);
}

}  // namespace keel
