// SPDX-License-Identifier: BSD-3-Clause
#include "server/debug/protocol_samples.h"

namespace keel {

namespace {

constexpr ErrorText kNotInResp2{"ERR RESP2 is not supported by this command"};
constexpr ErrorText kNoSuchKind{
    "ERR Wrong protocol type name. Please use one of the following: "
    "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"};

constexpr std::int64_t kElements = 3;

void write_elements(Reply& reply) {
    for (std::int64_t i = 0; i < kElements; ++i) reply.integer(i);
}

void write_pairs(Reply& reply) {
    reply.map(kElements);
    for (std::int64_t i = 0; i < kElements; ++i) {
        reply.integer(i);
        reply.boolean(i == 1);
    }
}

void write_with_attribute(Reply& reply) {
    if (reply.protocol() == 3) {
        reply.attribute(1);
        reply.bulk("key-popularity");
        reply.array(2);
        reply.bulk("key:123");
        reply.integer(90);
    }
    reply.bulk("Some real reply following the attribute");
}

Status write_push(Reply& reply) {
    if (reply.protocol() == 2) return kNotInResp2;
    reply.push(2);
    reply.bulk("server-cpu-usage");
    reply.integer(42);
    reply.bulk("Some real reply following the push reply");
    return {};
}

}  // namespace

Status reply_sample(Reply& reply, Bytes kind) {
    const auto is = [kind](Bytes name) { return equal_nocase(kind, name); };
    if (is("string")) reply.bulk("Hello World");
    else if (is("integer")) reply.integer(12345);
    else if (is("double")) reply.number(3.141);
    else if (is("bignum")) reply.big_number("1234567999999999999999999999999999999");
    else if (is("null")) reply.null();
    else if (is("array")) reply.array(kElements), write_elements(reply);
    else if (is("set")) reply.set(kElements), write_elements(reply);
    else if (is("map")) write_pairs(reply);
    else if (is("attrib")) write_with_attribute(reply);
    else if (is("push")) return write_push(reply);
    else if (is("verbatim")) reply.verbatim("txt", "This is a verbatim\nstring");
    else if (is("true")) reply.boolean(true);
    else if (is("false")) reply.boolean(false);
    else return kNoSuchKind;
    return {};
}

}  // namespace keel
