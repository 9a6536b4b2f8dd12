// SPDX-License-Identifier: BSD-3-Clause
#include "persistence/effect_stream.h"

#include "protocol/base/check.h"
#include "protocol/base/number.h"
#include "protocol/resp/request_writer.h"

namespace keel {

namespace {

constexpr Bytes kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr Bytes kExec = "*1\r\n$4\r\nEXEC\r\n";
constexpr std::size_t kMostIdleBytes = 1 << 20;

}  // namespace

void EffectStream::begin() {
    if (depth_++ == 0) commands_ = 0;
}

void EffectStream::end() {
    KEEL_DCHECK(depth_ > 0);
    if (--depth_ == 0 && commands_ > 1) out_ += kExec;
}

void EffectStream::split() {
    if (!in_unit()) return;
    if (commands_ > 1) out_ += kExec;
    commands_ = 0;
}

// Before a command: the database, and MULTI once it is known that there are two.
void EffectStream::next(int db) {
    KEEL_DCHECK(depth_ > 0);
    // Late, so that a unit of one command costs nothing: the first command moves over for it.
    if (commands_ == 1) out_.insert(first_, kMulti);
    if (db != selected_) {
        append_request(out_, {"SELECT", integer_text(db)});
        selected_ = db;
    }
    if (commands_++ == 0) first_ = out_.size();
}

void EffectStream::command(int db, Bytes resp) {
    next(db);
    out_ += resp;
}

void EffectStream::command(int db, std::span<const Bytes> words) {
    next(db);
    append_request(out_, words);
}

void EffectStream::cut(std::size_t size) {
    KEEL_DCHECK(!in_unit() && size <= out_.size());
    out_.resize(size);
    reselect();  // what was cut off may have chosen another one
}

void EffectStream::clear() {
    KEEL_DCHECK(!in_unit());
    if (out_.capacity() > kMostIdleBytes) out_ = {};
    out_.clear();
}

}  // namespace keel
