// SPDX-License-Identifier: BSD-3-Clause
//
// Sorted sets: union, intersection and difference of several, sets among them.
//
//     ZUNION ZINTER ZDIFF ZUNIONSTORE ZINTERSTORE ZDIFFSTORE ZINTERCARD
//
// A set's members have the score 1. Results gather in a table and are sorted once. Inputs of unions and intersections
// are taken from the smallest on: scores are added in that order, which shows in their last digits, and an intersection
// is never larger than its smallest input.
#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <cmath>

#include "datatypes/zset/families.h"
#include "datatypes/zset/store.h"

namespace keel::zset {

namespace {

enum class Kind : std::uint8_t { join, meet, differ };
enum class Aggregate : std::uint8_t { sum, min, max };

// What is combined: the value of a key, or nothing.
struct Input {
    std::optional<ValueRef> value{};
    double weight = 1;

    [[nodiscard]] std::size_t size() const { return value ? type_ops(value->type).count(*value) : 0; }
    void each(MemberVisitor visit) const {
        if (value) type_ops(value->type).each(*value, visit);
    }
    // A member that a value has may be asked of itself without a look-up: the same key given twice.
    [[nodiscard]] bool same_as(const Input& other) const {
        return value && other.value && value->payload == other.value->payload;
    }
    [[nodiscard]] bool find(Bytes member, double* score) const {
        *score = 1;
        return value && type_ops(value->type).find(*value, member, score);
    }
};

struct Request {
    absl::InlinedVector<Input, 8> inputs;
    Aggregate aggregate = Aggregate::sum;
    bool with_scores = false;
    std::int64_t limit = 0;  // ZINTERCARD; 0: none
};

// Which options a command has.
struct Dialect {
    Kind kind;
    bool stores = false;
    bool counts = false;
};

double no_nan(double score) { return std::isnan(score) ? 0 : score; }

double aggregated(Aggregate how, double a, double b) {
    switch (how) {
        case Aggregate::min: return b < a ? b : a;
        case Aggregate::max: return b > a ? b : a;
        case Aggregate::sum: break;
    }
    return no_nan(a + b);  // of two infinities of opposite signs
}

// ---- Reading the request ----

Status read_inputs(Context& cx, Request& out) {
    const auto count = cx.args.next<std::int64_t>();
    KEEL_TRY(cx.args.checked());
    if (count < 1) return errors::needs_input_key(cx.command->name());
    if (static_cast<std::uint64_t>(count) > cx.args.left()) return errors::kSyntax;
    for (std::int64_t i = 0; i < count; ++i) {
        const Entry* entry = cx.read(cx.next_key());
        Input& input = out.inputs.emplace_back();
        if (entry == nullptr) continue;
        if (entry->type() != Type::zset && entry->type() != Type::set) return errors::kWrongType;
        input.value = entry->value();
    }
    return {};
}

Status read_weights(Args& args, Request& out) {
    for (Input& input : out.inputs) {
        Args one{args.words().subspan(args.position(), 1), 0};
        args.skip(1);
        input.weight = one.next<double>();
        if (!one.done()) return errors::kWeightNotFloat;
    }
    return {};
}

Status read_aggregate(Args& args, Request& out) {
    if (args.accept("SUM"))
        out.aggregate = Aggregate::sum;
    else if (args.accept("MIN"))
        out.aggregate = Aggregate::min;
    else if (args.accept("MAX"))
        out.aggregate = Aggregate::max;
    else
        return errors::kSyntax;
    return {};
}

Status read_limit(Args& args, Request& out) {
    out.limit = args.next<std::int64_t>();
    if (!args.checked() || out.limit < 0) return errors::kLimitNegative;
    return {};
}

Status read_options(Args& args, const Dialect& dialect, Request& out) {
    const bool weighs = dialect.kind != Kind::differ && !dialect.counts;
    while (args.more()) {
        if (weighs && args.left() > out.inputs.size() && args.accept("WEIGHTS")) {
            KEEL_TRY(read_weights(args, out));
        } else if (weighs && args.accept_with_value("AGGREGATE")) {
            KEEL_TRY(read_aggregate(args, out));
        } else if (!dialect.stores && !dialect.counts && args.accept("WITHSCORES")) {
            out.with_scores = true;
        } else if (dialect.counts && args.accept_with_value("LIMIT")) {
            KEEL_TRY(read_limit(args, out));
        } else {
            return errors::kSyntax;
        }
    }
    return {};
}

Result<Request> read_request(Context& cx, const Dialect& dialect) {
    Request out;
    KEEL_TRY(read_inputs(cx, out));
    KEEL_TRY(read_options(cx.args, dialect, out));
    if (dialect.kind != Kind::differ) {
        std::stable_sort(out.inputs.begin(), out.inputs.end(),
                         [](const Input& a, const Input& b) { return a.size() < b.size(); });
    }
    return out;
}

// ---- Combining ----

void join_all(const Request& request, Collector& out) {
    for (const Input& input : request.inputs) {
        input.each([&](Bytes member, double score) {
            const double weighed = no_nan(score * input.weight);
            const std::uint64_t hash = hash_bytes(member);
            if (Member* present = out.find(member, hash)) {
                present->set_score(aggregated(request.aggregate, present->score(), weighed));
            } else {
                out.add(member, hash, weighed);
            }
            return true;
        });
    }
}

// visit(member, score) for each member that all inputs have, as long as it returns true.
template <typename F>
void each_common(const Request& request, F&& visit) {
    const Input& first = request.inputs[0];
    const auto others = std::span{request.inputs}.subspan(1);
    first.each([&](Bytes member, double score) {
        double all = no_nan(score * first.weight);
        for (const Input& other : others) {
            double theirs = score;
            if (!other.same_as(first) && !other.find(member, &theirs)) return true;
            all = aggregated(request.aggregate, all, theirs * other.weight);
        }
        return visit(member, all);
    });
}

// The first input without the members of the others: either its members are looked for in all others, or the members of
// all others are taken away. Whichever touches fewer; the first way stops early, so it counts half.
void differ_all(const Request& request, Collector& out) {
    const Input& first = request.inputs[0];
    const auto others = std::span{request.inputs}.subspan(1);
    std::size_t sum = first.size();
    for (const Input& other : others) {
        if (other.same_as(first)) return;
        sum += other.size();
    }
    const bool look_up = first.size() <= sum / request.inputs.size() * 2;
    first.each([&](Bytes member, double score) {
        double ignored = 0;
        const bool elsewhere = look_up && std::any_of(others.begin(), others.end(),
                                                      [&](const Input& other) { return other.find(member, &ignored); });
        if (!elsewhere) out.add(member, hash_bytes(member), score);
        return true;
    });
    if (look_up) return;
    for (const Input& other : others) {
        other.each([&](Bytes member, double) {
            out.erase(member, hash_bytes(member));
            return out.size() != 0;
        });
    }
}

Collector combine(const Request& request, Kind kind) {
    Collector out;
    switch (kind) {
        case Kind::join: join_all(request, out); break;
        case Kind::differ: differ_all(request, out); break;
        case Kind::meet:
            each_common(request, [&out](Bytes member, double score) {
                out.add(member, hash_bytes(member), score);
                return true;
            });
            break;
    }
    return out;
}

// ---- Commands ----

Status combined(Context& cx, Kind kind) {
    KEEL_TRY(const Request request, read_request(cx, {.kind = kind}));
    const ZSet set = combine(request, kind).finish({0, 0});  // not packed: it is shown once
    show(cx.reply(), set, set.by_rank({0, set.size()}), request.with_scores);
    return {};
}

Status stored(Context& cx, Kind kind, Event event) {
    const Key target = cx.next_key();
    KEEL_TRY(const Request request, read_request(cx, {.kind = kind, .stores = true}));
    store_result(cx, target, combine(request, kind).finish(limits_of(cx.settings)), event);
    return {};
}

// ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
Status zunion(Context& cx) { return combined(cx, Kind::join); }

// ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
Status zinter(Context& cx) { return combined(cx, Kind::meet); }

// ZDIFF numkeys key [key ...] [WITHSCORES]
Status zdiff(Context& cx) { return combined(cx, Kind::differ); }

// ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
Status zunionstore(Context& cx) { return stored(cx, Kind::join, events::kZUnionStore); }

// ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM | MIN | MAX]
Status zinterstore(Context& cx) { return stored(cx, Kind::meet, events::kZInterStore); }

// ZDIFFSTORE destination numkeys key [key ...]
Status zdiffstore(Context& cx) { return stored(cx, Kind::differ, events::kZDiffStore); }

// ZINTERCARD numkeys key [key ...] [LIMIT limit]
Status zintercard(Context& cx) {
    KEEL_TRY(const Request request, read_request(cx, {.kind = Kind::meet, .counts = true}));
    std::int64_t common = 0;
    each_common(request, [&](Bytes, double) { return ++common != request.limit; });
    cx.reply().integer(common);
    return {};
}

// ---- Rows ----

constexpr Bytes kUnionComplexity =
    "O(N)+O(M*log(M)) where N is the sum of the sizes of all inputs and M the size of the result";
constexpr Bytes kInterComplexity =
    "O(N*K)+O(M*log(M)) where N is the size of the smallest input, K the number of inputs and M the size of the result";
constexpr Bytes kDiffComplexity =
    "O(L)+O(M*log(M)) where L is the sum of the sizes of all inputs and M the size of the result";

constexpr CommandSpec showing(Bytes name, Handler run, Bytes since, Bytes complexity, Bytes summary, Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = at_least(3),
            .flags = Flag::readonly | Flag::movablekeys,
            .categories = Category::sortedset,
            .keys = counted_keys(Use::read, 1),
            .group = Group::sorted_set,
            .since = since,
            .complexity = complexity,
            .summary = summary,
            .syntax = syntax};
}

constexpr CommandSpec storing(Bytes name, Handler run, Bytes since, Bytes complexity, Bytes summary, Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = at_least(4),
            .flags = Flag::write | Flag::denyoom | Flag::movablekeys,
            .categories = Category::sortedset,
            .keys = one_key(Use::ow | Use::update) + counted_keys(Use::read, 2),
            .group = Group::sorted_set,
            .since = since,
            .complexity = complexity,
            .summary = summary,
            .syntax = syntax};
}

constexpr CommandSpec kRows[] = {
    showing("zunion", zunion, "6.2.0", kUnionComplexity, "Returns the union of several sorted sets.",
            "numkeys key [key ...] [WEIGHTS weight:integer [weight:integer ...]] [AGGREGATE aggregate=(SUM|MIN|MAX)] "
            "[WITHSCORES]"),
    showing("zinter", zinter, "6.2.0", kInterComplexity, "Returns the intersection of several sorted sets.",
            "numkeys key [key ...] [WEIGHTS weight:integer [weight:integer ...]] [AGGREGATE aggregate=(SUM|MIN|MAX)] "
            "[WITHSCORES]"),
    showing("zdiff", zdiff, "6.2.0", kDiffComplexity, "Returns the members of a sorted set that several others lack.",
            "numkeys key [key ...] [WITHSCORES]"),
    showing("zintercard", zintercard, "7.0.0", "O(N*K) where N is the size of the smallest input and K their number",
            "Counts the members that several sorted sets have in common.",
            "numkeys key [key ...] [LIMIT limit:integer]"),
    storing("zunionstore", zunionstore, "2.0.0", kUnionComplexity,
            "Stores the union of several sorted sets under a key.",
            "destination:key numkeys key [key ...] [WEIGHTS weight:integer [weight:integer ...]] "
            "[AGGREGATE aggregate=(SUM|MIN|MAX)]"),
    storing("zinterstore", zinterstore, "2.0.0", kInterComplexity,
            "Stores the intersection of several sorted sets under a key.",
            "destination:key numkeys key [key ...] [WEIGHTS weight:integer [weight:integer ...]] "
            "[AGGREGATE aggregate=(SUM|MIN|MAX)]"),
    storing("zdiffstore", zdiffstore, "6.2.0", kDiffComplexity,
            "Stores the members of a sorted set that several others lack under a key.",
            "destination:key numkeys key [key ...]"),
};

}  // namespace

const std::span<const CommandSpec> kCombineCommands{kRows};

}  // namespace keel::zset
