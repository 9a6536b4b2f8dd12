// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/string/string_value.h"

#include <algorithm>
#include <utility>

#include "datatypes/core/rdb_tags.h"
#include "datatypes/core/serde.h"

namespace keel::string {

namespace {

Bytes encoding_name(const ValueRef& value) {
    if (value.is_integer()) return "int";
    if (value.string_form() == StringForm::text && value.text.size() <= kEmbstrMax) return "embstr";
    return "raw";
}

ValueRef clone(const ValueRef& value) {
    if (value.payload == nullptr) return value;
    const auto* block = static_cast<const Block*>(value.payload);
    return value_of(BlockPtr{Block::copy_of(block->bytes(), block->size)});
}

void destroy(const ValueRef& value) noexcept { Block::release(static_cast<Block*>(value.payload)); }

std::size_t memory(const ValueRef& value, std::size_t) {
    return value.payload == nullptr ? 0 : static_cast<const Block*>(value.payload)->memory_bytes();
}

std::size_t free_effort(const ValueRef&) { return 1; }

void digest(const ValueRef& value, DigestSink& sink) {
    if (value.is_integer())
        sink.ordered(integer_text(value.integer));
    else
        sink.ordered(value.payload != nullptr ? static_cast<const Block*>(value.payload)->bytes() : value.text);
}

Result<RdbTag> tag(const ValueRef&, const RdbDialect&) { return RdbTag::string; }

void save(const ValueRef& value, RdbTag, Saver& out) {
    if (value.is_integer())
        out.integer_string(value.integer);
    else
        out.string(value.payload != nullptr ? static_cast<const Block*>(value.payload)->bytes() : value.text);
}

Result<ValueRef> load(RdbTag, Loader& in, const Encodings&) {
    KEEL_TRY(Loader::Text text, in.text(kInlineTextMax));
    if (text.block != nullptr) return value_of(std::move(text.block));
    return value_of(text.view);
}

}  // namespace

Block* writable_block(Entry& entry, std::size_t capacity) {
    auto* block = static_cast<Block*>(entry.payload());
    if (block->shared()) {
        Block* own = Block::copy_of(block->bytes(), std::max<std::size_t>(capacity, block->size));
        Block::release(std::exchange(block, own));
    } else if (capacity > block->capacity) {
        block = Block::resized(block, capacity);
    } else {
        return block;
    }
    entry.overwrite(value_of(BlockPtr{block}));  // always fits: one pointer in place of another
    return block;
}

void reply_text(Reply& reply, const Entry& entry) {
    const ValueRef held = entry.value();
    if (held.is_integer()) return reply.bulk(held.integer);
    if (held.payload != nullptr) return reply.bulk(*static_cast<Block*>(held.payload));
    reply.bulk(held.text);
}

std::size_t length(const Entry& entry) {
    IntegerText scratch;
    return entry.text(scratch).size();
}

const TypeOps kOps{
    .type = Type::string,
    .name = "string",
    .encoding_name = encoding_name,
    .clone = clone,
    .destroy = destroy,
    .memory = memory,
    .free_effort = free_effort,
    .digest = digest,
    .tag = tag,
    .save = save,
    .load = load,
};

}  // namespace keel::string
