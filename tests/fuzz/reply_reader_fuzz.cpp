// SPDX-License-Identifier: BSD-3-Clause
//
// The reply reader on a hostile server: whole, and cut into pieces whose sizes are taken from the input itself, it must
// hear the same values and the same error, within its limits.
//
//     | piece sizes, 4 bytes | the bytes of a server |
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/check.h"
#include "protocol/resp/reply_reader.h"

using namespace keel;

namespace {

using Outcome = ReplyReader::Outcome;

// Equal, and NaN equal to itself.
bool same(const ReplyValue& a, const ReplyValue& b);
bool same(const std::vector<ReplyValue>& a, const std::vector<ReplyValue>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same(a[i], b[i])) return false;
    }
    return true;
}
bool same(const ReplyValue& a, const ReplyValue& b) {
    const bool numbers = a.number == b.number || (std::isnan(a.number) && std::isnan(b.number));
    return numbers && a.kind == b.kind && a.integer == b.integer && a.text == b.text && a.format == b.format &&
           same(a.elements, b.elements) && same(a.attributes, b.attributes);
}

std::size_t depth(const ReplyValue& value) {
    std::size_t deepest = 0;
    for (const auto* list : {&value.elements, &value.attributes}) {
        for (const ReplyValue& inner : *list) deepest = std::max(deepest, depth(inner));
    }
    return deepest + 1;
}

struct Heard {
    std::vector<ReplyValue> values;
    std::string error;
};

Heard hear(Bytes input, const std::uint8_t* sizes) {
    ReplyLimits limits;
    limits.max_depth = 8;
    limits.max_line_bytes = 200;
    limits.max_bytes = 100'000;
    ReplyReader reader{limits};
    Heard heard;
    std::string buffer;
    for (std::size_t at = 0, i = 0; at < input.size() && heard.error.empty(); ++i) {
        const std::size_t piece = sizes ? 1 + sizes[i % 4] % 64 : input.size();
        buffer += input.substr(at, piece);
        at += piece;
        for (;;) {
            const Outcome outcome = reader.next(buffer);
            KEEL_CHECK(reader.consumed() <= buffer.size());
            buffer.erase(0, reader.consumed());
            if (outcome == Outcome::complete) heard.values.push_back(reader.take());
            if (outcome == Outcome::error) heard.error = reader.error();
            if (outcome != Outcome::complete) break;
            KEEL_CHECK(depth(heard.values.back()) <= limits.max_depth + 1);
        }
        KEEL_CHECK(buffer.size() <= limits.max_line_bytes + 1 || !heard.error.empty());
    }
    return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 5) return 0;
    const Bytes input{reinterpret_cast<const char*>(data + 4), size - 4};
    const Heard whole = hear(input, nullptr);
    const Heard cut = hear(input, data);
    KEEL_CHECK(whole.error == cut.error);
    KEEL_CHECK(same(whole.values, cut.values));
    return 0;
}
