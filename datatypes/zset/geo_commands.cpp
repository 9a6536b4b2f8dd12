// SPDX-License-Identifier: BSD-3-Clause
//
// Positions: a sorted set whose scores are positions (geo.h). Adding some, showing them, and distances.
//
//     GEOADD GEODIST GEOHASH GEOPOS
//
// There is no type of its own: all commands of sorted sets do too, and a score that was never a position is read as
// one. GEOADD is a ZADD that computes its scores, tells `zadd` and is replicated as it came.
#include <absl/container/inlined_vector.h>

#include "datatypes/zset/add.h"
#include "datatypes/zset/families.h"
#include "datatypes/zset/geo_words.h"
#include "datatypes/zset/store.h"

namespace keel::zset {

namespace {

constexpr std::size_t kWordsEach = 3;  // longitude latitude member

AddOptions read_options(Args& args) {
    AddOptions options;
    for (;;) {
        if (args.accept("NX"))
            options.nx = true;
        else if (args.accept("XX"))
            options.xx = true;
        else if (args.accept("CH"))
            options.ch = true;
        else
            return options;
    }
}

// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]
Status geoadd(Context& cx) {
    const Key key = cx.next_key();
    const AddOptions options = read_options(cx.args);
    if (!cx.args.more() || cx.args.left() % kWordsEach != 0 || (options.nx && options.xx)) return errors::kSyntax;
    const std::size_t first = cx.args.position();
    absl::InlinedVector<double, 16> scores;
    while (cx.args.more()) {
        KEEL_TRY(const geo::Position at, geo::read_position(cx.args));
        scores.push_back(geo::encode(at));
        cx.args.skip(1);
    }
    return add_members(cx, key, options, scores, cx.args.words().subspan(first), kWordsEach);
}

// GEODIST key member1 member2 [M | KM | FT | MI]
Status geodist(Context& cx) {
    const Key key = cx.next_key();
    const auto one = cx.args.next<Bytes>();
    const auto other = cx.args.next<Bytes>();
    double unit = 1;
    if (cx.args.left() > 1) return errors::kSyntax;
    if (cx.args.more()) {
        KEEL_TRY(unit, geo::read_unit(cx.args));
    }
    KEEL_TRY(const ZSetView set, read_set(cx, key));
    const auto from = set.score(one);
    const auto to = set.score(other);
    if (from && to)
        geo::show_distance(cx.reply(), geo::distance(geo::decode(*from), geo::decode(*to)) / unit);
    else
        cx.reply().null();
    return {};
}

// GEOHASH key [member [member ...]]
Status geohash(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const ZSetView set, read_set(cx, key));
    cx.reply().array(cx.args.left());
    for (const Bytes member : cx.args.rest()) {
        if (const auto score = set.score(member)) {
            const geo::HashText text = geo::hash_text(geo::decode(*score));
            cx.reply().bulk(Bytes{text.data(), text.size()});
        } else {
            cx.reply().null();
        }
    }
    return {};
}

// GEOPOS key [member [member ...]]
Status geopos(Context& cx) {
    const Key key = cx.next_key();
    KEEL_TRY(const ZSetView set, read_set(cx, key));
    cx.reply().array(cx.args.left());
    for (const Bytes member : cx.args.rest()) {
        if (const auto score = set.score(member))
            geo::show_position(cx.reply(), geo::decode(*score));
        else
            cx.reply().null_array();
    }
    return {};
}

// ---- Rows ----

constexpr CommandSpec reading(Bytes name, Handler run, Arity arity, Bytes complexity, Bytes summary, Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = arity,
            .flags = Flag::readonly,
            .categories = Category::geo,
            .keys = one_key(Use::read),
            .group = Group::geo,
            .since = "3.2.0",
            .complexity = complexity,
            .summary = summary,
            .syntax = syntax};
}

constexpr CommandSpec kRows[] = {
    {.name = "geoadd",
     .run = geoadd,
     .arity = at_least(5),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::geo,
     .keys = one_key(Use::rw | Use::update),
     .group = Group::geo,
     .since = "3.2.0",
     .complexity = "O(log(N)) for each member, where N is the size of the sorted set",
     .summary =
         "Adds members with positions to a sorted set, or gives new positions to members that are there. The key "
         "is made if there is none.",
     .syntax = "key condition=[NX|XX] change=[CH] longitude:double latitude:double member "
               "[longitude:double latitude:double member ...]"},
    reading("geodist", geodist, at_least(4), "O(1)", "Returns how far two members are from each other.",
            "key member1 member2 unit=[M|KM|FT|MI]"),
    reading("geohash", geohash, at_least(2), "O(1) for each member",
            "Returns the positions of members as geohash texts.", "key [member [member ...]]"),
    reading("geopos", geopos, at_least(2), "O(1) for each member", "Returns the longitudes and latitudes of members.",
            "key [member [member ...]]"),
};

}  // namespace

const std::span<const CommandSpec> kGeoCommands{kRows};

}  // namespace keel::zset
