// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/stream/replicate.h"

#include "protocol/base/number.h"

namespace keel::stream {

void replicate_claim(Context& cx, const Named& group, StreamId id, const Nack& nack) {
    if (!cx.effects.heard()) return;
    cx.effects.replicate_as(
        cx.db().index(),
        {"XCLAIM", group.key, group.name, nack.consumer->name, "0", IdText{id}, "TIME", integer_text(nack.given_at),
         "RETRYCOUNT", integer_text(nack.times), "FORCE", "JUSTID", "LASTID", IdText{group.group.last_id}});
}

void replicate_position(Context& cx, const Named& group) {
    if (!cx.effects.heard()) return;
    cx.effects.replicate_as(cx.db().index(), {"XGROUP", "SETID", group.key, group.name, IdText{group.group.last_id},
                                              "ENTRIESREAD", integer_text(group.group.read)});
}

void replicate_consumer(Context& cx, const Named& group, Bytes consumer) {
    cx.effects.replicate_as(cx.db().index(), {"XGROUP", "CREATECONSUMER", group.key, group.name, consumer});
}

namespace {
void replicate_ids(Context& cx, std::vector<std::string> words, std::span<const StreamId> ids) {
    for (const StreamId id : ids) words.push_back(IdText{id}.str());
    cx.effects.replicate_as(cx.db().index(), std::move(words));
}
}  // namespace

void replicate_acknowledged(Context& cx, const Named& group, std::span<const StreamId> ids) {
    if (ids.empty() || !cx.effects.heard()) return;
    replicate_ids(cx, {"XACK", std::string{group.key}, std::string{group.name}}, ids);
}

void replicate_deleted(Context& cx, Bytes key, std::span<const StreamId> ids) {
    if (ids.empty() || !cx.effects.heard()) return;
    replicate_ids(cx, {"XDEL", std::string{key}}, ids);
}

void replicate_forgotten(Context& cx, Bytes key, const Stream& stream, std::span<const StreamId> ids) {
    if (ids.empty() || !cx.effects.heard()) return;
    for (const auto& [name, group] : stream.groups()) replicate_ids(cx, {"XACK", std::string{key}, name}, ids);
}

Consumer& see_consumer(Context& cx, const Named& group, Bytes name) {
    Consumer* consumer = group.group.find(name);
    if (consumer == nullptr) {
        consumer = &group.group.add(name, cx.now());
        cx.effects.happened(cx.db().index(), group.key, events::kXGroupCreateConsumer);
        cx.effects.count(1);
        replicate_consumer(cx, group, name);
    }
    consumer->seen_at = cx.now();
    return *consumer;
}

}  // namespace keel::stream
