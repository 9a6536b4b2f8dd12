// SPDX-License-Identifier: BSD-3-Clause
//
// Strings: reading and setting whole values.
#include "datatypes/command/context.h"
#include "datatypes/string/families.h"
#include "datatypes/string/string_value.h"

namespace keel::string {

namespace {

// Replies with the string, or null for none.
void reply_value(Reply& reply, const Entry* entry) {
    if (entry == nullptr) return reply.null();
    IntegerText scratch;
    reply.bulk(entry->text(scratch));
}

// GET key
Status get(Context& cx) {
    Entry* entry = cx.read(cx.next_key());
    KEEL_TRY(expect_type(entry, Type::string));
    reply_value(cx.reply(), entry);
    return {};
}

constexpr CommandSpec kRows[] = {
    {.name = "get",
     .run = get,
     .arity = exactly(2),
     .flags = Flag::readonly | Flag::fast,
     .categories = Category::string,
     .keys = one_key(Use::read),
     .group = Group::string,
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the string at a key.",
     .syntax = "key"},
};

}  // namespace

const std::span<const CommandSpec> kCommands{kRows};

}  // namespace keel::string
