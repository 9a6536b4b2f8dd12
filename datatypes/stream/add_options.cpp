// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/stream/add_options.h"

#include <algorithm>

#include "datatypes/stream/lookup.h"
#include "datatypes/stream/replicate.h"
#include "protocol/base/number.h"

namespace keel::stream {

namespace {

constexpr ErrorText kTwoStrategies{"ERR syntax error, MAXLEN and MINID options at the same time are not compatible"};
constexpr ErrorText kMaxlenNegative{"ERR The MAXLEN argument must be >= 0."};
constexpr ErrorText kLimitNegative{"ERR The LIMIT argument must be >= 0."};
constexpr ErrorText kLimitAlone{"ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"};
constexpr ErrorText kNoStrategy{"ERR syntax error, XTRIM must be called with a trimming strategy"};
constexpr ErrorText kLimitExact{"ERR syntax error, LIMIT cannot be used without the special ~ option"};
constexpr ErrorText kInvalidId{"ERR Invalid stream ID specified as stream command argument"};

Status read_strategy(Args& args, AddOptions& out, Trim::By by) {
    if (out.trim.by != Trim::By::none) return kTwoStrategies;
    out.strategy_at = args.position() - 1;
    out.trim.by = by;
    out.trim.approximate = false;
    if (args.accept_with_value("~"))
        out.trim.approximate = true;
    else
        args.accept_with_value("=");
    if (by == Trim::By::id) {
        KEEL_TRY(out.trim.id, read_id(args.next<Bytes>()));
        return {};
    }
    const auto length = args.next<std::int64_t>();
    KEEL_TRY(args.checked());
    if (length < 0) return kMaxlenNegative;
    out.trim.length = static_cast<std::uint64_t>(length);
    return {};
}

Status read_limit(Args& args, AddOptions& out) {
    out.trim.most = args.next<std::int64_t>();
    KEEL_TRY(args.checked());
    if (out.trim.most < 0) return kLimitNegative;
    out.limited = true;
    return {};
}

// Without LIMIT an approximate trim does the work of a hundred blocks at most.
std::int64_t default_limit(const Settings& settings) {
    constexpr std::int64_t kBlocks = 100;
    const std::int64_t entries = settings.encodings.stream_node_max_entries;
    if (entries <= 0) return 10'000;
    return entries > 1'000'000 / kBlocks ? 1'000'000 : entries * kBlocks;
}

Status check(AddOptions& out, For command, const Settings& settings) {
    if (out.trim.most != 0 && out.trim.by == Trim::By::none) return kLimitAlone;
    if (command == For::xtrim && out.trim.by == Trim::By::none) return kNoStrategy;
    if (out.limited && !out.trim.approximate) return kLimitExact;
    if (!out.limited && out.trim.approximate) out.trim.most = default_limit(settings);
    return {};
}

Status read_new_id(Args& args, AddOptions& out) {
    out.id_at = args.position();
    const Bytes word = args.next<Bytes>();
    if (word == "*") return {};
    const auto id = parse_new_id(word);
    if (!id) return kInvalidId;
    out.id = *id;
    out.id_given = true;
    return {};
}

bool is_references(Bytes word) {
    return equal_nocase(word, "KEEPREF") || equal_nocase(word, "DELREF") || equal_nocase(word, "ACKED");
}

// The words of the request without LIMIT and what old servers don't know, and with the threshold that the stream has
// met.
std::vector<std::string> exact_words(Context& cx, const AddOptions& options, const Stream& stream) {
    const std::span<const Bytes> words = cx.args.words();
    const std::size_t end = options.id_at != 0 ? options.id_at : words.size();
    std::vector<std::string> out;
    out.reserve(words.size() + 1);
    for (std::size_t at = 0; at < end; ++at) {
        if (equal_nocase(words[at], "LIMIT") && at >= 2 && options.limited) {
            ++at;
        } else if (at >= 2 && is_references(words[at])) {
            continue;
        } else if (options.strategy_at != 0 && at == options.strategy_at && options.trim.approximate) {
            out.emplace_back(words[at]);
            out.emplace_back("=");
            const bool by_length = options.trim.by == Trim::By::length;
            out.push_back(by_length ? std::to_string(stream.length()) : IdText{stream.trim_edge()}.str());
            at += 2;
        } else {
            out.emplace_back(words[at]);
        }
    }
    if (options.id_at == 0) return out;
    out.push_back(IdText{stream.last_id}.str());
    for (std::size_t at = options.id_at + 1; at < words.size(); ++at) out.emplace_back(words[at]);
    return out;
}

// The entry alone, without a trim.
void replicate_entry(Context& cx, Bytes key, const AddOptions& options, StreamId id) {
    std::vector<std::string> words{"XADD", std::string{key}, IdText{id}.str()};
    for (const Bytes word : cx.args.words().subspan(options.id_at + 1)) words.emplace_back(word);
    cx.effects.replicate_as(cx.db().index(), std::move(words));
}

}  // namespace

Result<AddOptions> read_add_options(Context& cx, For command) {
    AddOptions out;
    Args& args = cx.args;
    while (args.more() && !(command == For::xadd && args.peek() == "*")) {
        if (args.accept_with_value("MAXLEN")) {
            KEEL_TRY(read_strategy(args, out, Trim::By::length));
        } else if (args.accept_with_value("MINID")) {
            KEEL_TRY(read_strategy(args, out, Trim::By::id));
        } else if (args.accept_with_value("LIMIT")) {
            KEEL_TRY(read_limit(args, out));
        } else if (const auto references = accept_references(args)) {
            out.references = *references;
            out.references_given = true;
        } else if (command == For::xadd && args.accept("NOMKSTREAM")) {
            out.no_mkstream = true;
        } else if (command == For::xadd) {
            break;
        } else {
            return errors::kSyntax;
        }
    }
    if (command == For::xadd && args.more()) {
        KEEL_TRY(read_new_id(args, out));
    }
    KEEL_TRY(check(out, command, cx.settings));
    return out;
}

void replicate_exactly(Context& cx, Bytes key, const AddOptions& options, const Stream& stream,
                       const Trimmed& trimmed) {
    if (!cx.effects.heard()) return;
    // Without groups even ACKED is a plain trim.
    const bool by_groups = options.references == References::acked && trimmed.chosen.size() == trimmed.entries;
    if (!by_groups) {
        cx.effects.replicate_as(cx.db().index(), exact_words(cx, options, stream));
        if (options.references == References::erase) replicate_forgotten(cx, key, stream, trimmed.chosen);
        return;
    }
    if (options.id_at != 0) replicate_entry(cx, key, options, stream.last_id);
    replicate_deleted(cx, key, trimmed.chosen);
}

}  // namespace keel::stream
