// SPDX-License-Identifier: BSD-3-Clause
//
// Positions: the members of a sorted set within a circle, a box or a polygon; showing them, or storing them.
//
//     GEOSEARCH GEOSEARCHSTORE GEORADIUS GEORADIUS_RO GEORADIUSBYMEMBER GEORADIUSBYMEMBER_RO
//
// The area is turned into intervals of scores (geo.h), and one walk over these meets everyone within, in order of
// score; that is the order of a reply which nobody asked to be sorted. Of a search for the n nearest (or farthest) only
// the best n so far are kept, in a heap. COUNT without ANY and without an order means the nearest.
//
// As in Redis the key is looked up first: its type is complained of before any word is, and a search from a member of a
// key that is not there finds nothing, whatever that member is.
#include <algorithm>
#include <optional>
#include <vector>

#include "datatypes/zset/families.h"
#include "datatypes/zset/geo_words.h"
#include "datatypes/zset/store.h"

namespace keel::zset {

namespace {

enum class Center : std::uint8_t { by_option, position, member };
enum class Order : std::uint8_t { none, nearest, farthest };

// What a command fixes by its name.
struct Dialect {
    Center center = Center::by_option;
    bool stores = false;     // under the key that is its first word
    bool may_store = false;  // under a key that STORE or STOREDIST names
};

// What a request asks for.
struct Query {
    std::optional<geo::Area> area{};
    double unit = 1;  // meters

    Order order = Order::none;
    std::uint64_t count = 0;  // 0: all
    bool any = false;         // whichever are found first

    bool with_position = false;
    bool with_distance = false;
    bool with_score = false;
    [[nodiscard]] std::size_t shown() const { return std::size_t{with_position} + with_distance + with_score; }

    std::optional<Key> target{};
    bool store_distances = false;
};

// ---- Reading the request ----

class Reader {
  public:
    Reader(Context& cx, const Dialect& dialect, const ZSetView& set)
        : cx_(cx), args_(cx.args), dialect_(dialect), set_(set) {}
    Result<Query> read(std::optional<Key> target);

  private:
    enum class From : std::uint8_t { nowhere, position, member };
    // Of a circle (the width is the radius) or box, whose center may be told behind it.
    struct Size {
        bool round = true;
        double width = 0;
        double height = 0;
    };

    Status read_position();
    Status read_member();
    Status read_radius();
    Status read_box();
    Status read_polygon();
    Result<bool> read_where();
    Status read_fixed();
    Status read_count();
    bool read_flag();
    Status read_options();
    Status check() const;

    Context& cx_;
    Args& args_;
    const Dialect& dialect_;
    const ZSetView& set_;
    Query query_{};
    From from_ = From::nowhere;
    geo::Position center_{};
    std::optional<Size> size_{};
};

Status Reader::read_position() {
    KEEL_TRY(center_, geo::read_position(args_));
    from_ = From::position;
    return {};
}

Status Reader::read_member() {
    const auto member = args_.next<Bytes>();
    from_ = From::member;
    if (set_.empty()) return {};
    const auto score = set_.score(member);
    if (!score) return errors::kNoSuchMember;
    center_ = geo::decode(*score);
    return {};
}

Status Reader::read_radius() {
    KEEL_TRY(const double radius, geo::read_number(args_, errors::kRadiusNotNumber));
    if (radius < 0) return errors::kRadiusNegative;
    KEEL_TRY(query_.unit, geo::read_unit(args_));
    size_ = Size{.width = radius};
    return {};
}

Status Reader::read_box() {
    KEEL_TRY(const double width, geo::read_number(args_, errors::kWidthNotNumber));
    KEEL_TRY(const double height, geo::read_number(args_, errors::kHeightNotNumber));
    if (width < 0 || height < 0) return errors::kBoxNegative;
    KEEL_TRY(query_.unit, geo::read_unit(args_));
    size_ = Size{.round = false, .width = width, .height = height};
    return {};
}

Status Reader::read_polygon() {
    constexpr std::int64_t kFewest = 3;
    const auto count = args_.next<std::int64_t>();
    if (!args_.checked()) return errors::kVerticesNotInteger;
    if (count < kFewest || static_cast<std::uint64_t>(count) > args_.left() / 2) return errors::kFewVertices;
    std::vector<geo::Position> vertices(static_cast<std::size_t>(count));
    for (geo::Position& vertex : vertices) {
        KEEL_TRY(vertex, geo::read_position(args_));
    }
    query_.area = geo::Area::polygon(std::move(vertices));
    return {};
}

// Where GEOSEARCH searches; false if the next word does not say it. Of words of one kind the last counts; words of
// different kinds do not go together.
Result<bool> Reader::read_where() {
    const std::size_t words = args_.left() - 1;
    const bool polygon = query_.area.has_value();
    if (!polygon && from_ != From::position && words >= 1 && args_.accept("FROMMEMBER")) {
        KEEL_TRY(read_member());
    } else if (!polygon && from_ != From::member && words >= 2 && args_.accept("FROMLONLAT")) {
        KEEL_TRY(read_position());
    } else if (!polygon && (!size_ || size_->round) && words >= 2 && args_.accept("BYRADIUS")) {
        KEEL_TRY(read_radius());
    } else if (!polygon && (!size_ || !size_->round) && words >= 3 && args_.accept("BYBOX")) {
        KEEL_TRY(read_box());
    } else if (from_ == From::nowhere && !size_ && words >= 2 && args_.accept("BYPOLYGON")) {
        KEEL_TRY(read_polygon());
    } else {
        return false;
    }
    return true;
}

// Where the others search. Without a key nobody looks at the distance from a member.
Status Reader::read_fixed() {
    if (dialect_.center == Center::position) {
        KEEL_TRY(read_position());
        return read_radius();
    }
    KEEL_TRY(read_member());
    if (!set_.empty()) return read_radius();
    args_.skip(2);
    size_ = Size{};
    return {};
}

Status Reader::read_count() {
    const auto count = args_.next<std::int64_t>();
    KEEL_TRY(args_.checked());
    if (count <= 0) return errors::kCountAboveZero;
    query_.count = static_cast<std::uint64_t>(count);
    return {};
}

bool Reader::read_flag() {
    if (args_.accept("WITHDIST"))
        query_.with_distance = true;
    else if (args_.accept("WITHHASH"))
        query_.with_score = true;
    else if (args_.accept("WITHCOORD"))
        query_.with_position = true;
    else if (args_.accept("ANY"))
        query_.any = true;
    else if (args_.accept("ASC"))
        query_.order = Order::nearest;
    else if (args_.accept("DESC"))
        query_.order = Order::farthest;
    else if (dialect_.stores && args_.accept("STOREDIST"))
        query_.store_distances = true;
    else
        return false;
    return true;
}

Status Reader::read_options() {
    while (args_.more()) {
        if (read_flag()) continue;
        if (args_.accept_with_value("COUNT")) {
            KEEL_TRY(read_count());
        } else if (dialect_.may_store && args_.accept_with_value("STORE")) {
            query_.target = cx_.next_key();
            query_.store_distances = false;
        } else if (dialect_.may_store && args_.accept_with_value("STOREDIST")) {
            query_.target = cx_.next_key();
            query_.store_distances = true;
        } else {
            if (dialect_.center != Center::by_option) return errors::kSyntax;
            KEEL_TRY(const bool taken, read_where());
            if (!taken) return errors::kSyntax;
        }
    }
    return {};
}

Status Reader::check() const {
    if (query_.target && query_.shown() != 0) {
        return dialect_.stores ? errors::kGeoSearchStoreShows : errors::kGeoRadiusStoreShows;
    }
    const Bytes name = args_.words()[0];
    if (from_ == From::nowhere && !query_.area) return errors::needs_center(name);
    if (!size_ && !query_.area) return errors::needs_shape(name);
    if (query_.any && query_.count == 0) return errors::kAnyWithoutCount;
    return {};
}

Result<Query> Reader::read(std::optional<Key> target) {
    query_.target = target;
    if (dialect_.center != Center::by_option) {
        KEEL_TRY(read_fixed());
    }
    KEEL_TRY(read_options());
    KEEL_TRY(check());
    if (!query_.area) {
        const double unit = query_.unit;
        query_.area = size_->round ? geo::Area::circle(center_, size_->width * unit)
                                   : geo::Area::box(center_, size_->width * unit, size_->height * unit);
    }
    if (query_.order == Order::none && query_.count != 0 && !query_.any) query_.order = Order::nearest;
    return std::move(query_);
}

// ---- Searching ----

struct Hit {
    double distance;  // meters
    double score;
    Spot spot;
    std::size_t turn;  // among equally far ones the first found comes first
};

// What was found; once as many as are wanted, the best of it.
class Hits {
  public:
    explicit Hits(const Query& query) : query_(query) {}

    // False: no more are wanted.
    bool add(double distance, double score, Spot spot) {
        const Hit hit{distance, score, spot, turn_++};
        const Better better{query_.order};
        if (query_.count == 0 || hits_.size() < query_.count) {
            hits_.push_back(hit);
            if (hits_.size() != query_.count) return true;
            if (query_.any) return false;
            std::make_heap(hits_.begin(), hits_.end(), better);  // the worst on top
        } else if (better(hit, hits_.front())) {
            std::pop_heap(hits_.begin(), hits_.end(), better);
            hits_.back() = hit;
            std::push_heap(hits_.begin(), hits_.end(), better);
        }
        return true;
    }

    std::vector<Hit> finish() && {
        if (query_.order != Order::none) std::sort(hits_.begin(), hits_.end(), Better{query_.order});
        return std::move(hits_);
    }

  private:
    struct Better {
        Order order;
        bool operator()(const Hit& a, const Hit& b) const {
            if (a.distance == b.distance) return a.turn < b.turn;
            return (a.distance < b.distance) == (order == Order::nearest);
        }
    };

    const Query& query_;
    std::vector<Hit> hits_;
    std::size_t turn_ = 0;
};

std::vector<Hit> search(const ZSetView& set, const Query& query) {
    const geo::Area& area = *query.area;
    Hits hits{query};
    // A packed set is walked whole.
    const auto intervals = set.is_big() ? area.cover() : std::vector<Interval>{{0, geo::kScoreEnd}};
    set.each_in(intervals, [&](double score, Spot spot) {
        const auto distance = area.within(score);
        return !distance || hits.add(*distance, score, spot);
    });
    return std::move(hits).finish();
}

// ---- Showing and storing ----

void show_hits(Reply& reply, const ZSetView& set, const Query& query, const std::vector<Hit>& hits) {
    reply.array(hits.size());
    for (const Hit& hit : hits) {
        packed::Scratch scratch;
        if (query.shown() != 0) reply.array(1 + query.shown());
        reply.bulk(set.text(hit.spot, scratch));
        if (query.with_distance) geo::show_distance(reply, hit.distance / query.unit);
        if (query.with_score) reply.integer(static_cast<std::int64_t>(hit.score));
        if (query.with_position) geo::show_position(reply, geo::decode(hit.score));
    }
}

void store_hits(Context& cx, const ZSetView& set, const Query& query, const std::vector<Hit>& hits, Event event) {
    Collector found;
    for (const Hit& hit : hits) {
        packed::Scratch scratch;
        const Bytes member = set.text(hit.spot, scratch);
        found.add(member, hash_bytes(member), query.store_distances ? hit.distance / query.unit : hit.score);
    }
    store_result(cx, *query.target, std::move(found).finish(limits_of(cx.settings)), event);
    if (hits.size() > 1) cx.effects.count(hits.size() - 1);
}

Status find(Context& cx, const Dialect& dialect) {
    std::optional<Key> target;
    if (dialect.stores) target = cx.next_key();
    const Key key = cx.next_key();
    KEEL_TRY(const ZSetView set, read_set(cx, key));
    KEEL_TRY(const Query query, Reader(cx, dialect, set).read(target));
    const std::vector<Hit> hits = search(set, query);
    if (query.target)
        store_hits(cx, set, query, hits, dialect.stores ? events::kGeoSearchStore : events::kGeoRadiusStore);
    else
        show_hits(cx.reply(), set, query, hits);
    return {};
}

// GEOSEARCH key where [ASC | DESC] [COUNT n [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH], where:
//     FROMMEMBER member | FROMLONLAT longitude latitude, and BYRADIUS radius unit | BYBOX width height unit; or
//     BYPOLYGON vertices longitude latitude ...
Status geosearch(Context& cx) { return find(cx, {}); }

// GEOSEARCHSTORE destination source where [ASC | DESC] [COUNT n [ANY]] [STOREDIST]
Status geosearchstore(Context& cx) { return find(cx, {.stores = true}); }

// GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT n [ANY]] [ASC | DESC]
//     [STORE key | STOREDIST key]
Status georadius(Context& cx) { return find(cx, {.center = Center::position, .may_store = true}); }
Status georadius_ro(Context& cx) { return find(cx, {.center = Center::position}); }

// GEORADIUSBYMEMBER key member radius unit, and the same options
Status georadiusbymember(Context& cx) { return find(cx, {.center = Center::member, .may_store = true}); }
Status georadiusbymember_ro(Context& cx) { return find(cx, {.center = Center::member}); }

// ---- Rows ----

constexpr Bytes kComplexity =
    "O(N+M*log(M)+log(S)) where N is the number of members in and just around the area, M the number of those within "
    "if "
    "they are sorted, and S the size of the sorted set";

// As a macro: rows are constants, and their texts one literal each.
#define KEEL_GEO_UNIT "unit=(M|KM|FT|MI)"
#define KEEL_GEO_WHERE                                                                                               \
    "where=(around=(from=(FROMMEMBER member|fromlonlat=(FROMLONLAT (longitude:double latitude:double))) "            \
    "by=(circle=(BYRADIUS radius:double " KEEL_GEO_UNIT ")|box=(BYBOX width:double height:double " KEEL_GEO_UNIT     \
    ")))|polygon=(BYPOLYGON num-vertices:integer longitude:double latitude:double longitude:double latitude:double " \
    "longitude:double latitude:double [longitude:double latitude:double ...])) "
#define KEEL_GEO_SHOWN " [WITHCOORD] [WITHDIST] [WITHHASH]"
#define KEEL_GEO_COUNT " count-block=[COUNT count:integer [ANY]]"
#define KEEL_GEO_ORDER " order=[ASC|DESC]"
#define KEEL_GEO_AROUND \
    "key longitude:double latitude:double radius:double " KEEL_GEO_UNIT KEEL_GEO_SHOWN KEEL_GEO_COUNT KEEL_GEO_ORDER
#define KEEL_GEO_AROUND_MEMBER "key member radius:double " KEEL_GEO_UNIT KEEL_GEO_SHOWN KEEL_GEO_COUNT KEEL_GEO_ORDER
#define KEEL_GEO_STORE " [STORE key] [STOREDIST key]"

constexpr CommandSpec row(Bytes name, Handler run, Arity arity, Bytes since, Bytes summary, Bytes syntax) {
    return {.name = name,
            .run = run,
            .arity = arity,
            .flags = Flag::readonly,
            .categories = Category::geo,
            .keys = one_key(Use::read),
            .group = Group::geo,
            .since = since,
            .complexity = kComplexity,
            .summary = summary,
            .syntax = syntax};
}

constexpr CommandSpec older(CommandSpec spec, Bytes replaced_by) {
    spec.deprecated_since = "6.2.0";
    spec.replaced_by = replaced_by;
    return spec;
}

constexpr KeySpecs behind(Bytes keyword, std::int16_t from) {
    return {.at = {{.use = Use::ow | Use::update, .keyword = keyword, .start_from = from}}, .count = 1};
}

// `from`: the first word that may be STORE or STOREDIST.
constexpr CommandSpec storing(CommandSpec spec, std::int16_t from) {
    spec.flags = Flag::write | Flag::denyoom;
    spec.keys = spec.keys + behind("STORE", from) + behind("STOREDIST", from);
    return spec;
}

constexpr CommandSpec kRows[] = {
    row("geosearch", geosearch, at_least(7), "6.2.0",
        "Returns the members of a sorted set whose positions lie in a circle, a box or a polygon.",
        "key " KEEL_GEO_WHERE KEEL_GEO_ORDER KEEL_GEO_COUNT KEEL_GEO_SHOWN),
    {.name = "geosearchstore",
     .run = geosearchstore,
     .arity = at_least(8),
     .flags = Flag::write | Flag::denyoom,
     .categories = Category::geo,
     .keys = one_key(Use::ow | Use::update, 1) + one_key(Use::read, 2),
     .group = Group::geo,
     .since = "6.2.0",
     .complexity = kComplexity,
     .summary = "Stores the members of a sorted set whose positions lie in a circle, a box or a polygon under another "
                "key.",
     .syntax = "destination:key source:key " KEEL_GEO_WHERE KEEL_GEO_ORDER KEEL_GEO_COUNT " [STOREDIST]"},
    older(storing(row("georadius", georadius, at_least(6), "3.2.0",
                      "Returns the members of a sorted set whose positions are near another, or stores them.",
                      KEEL_GEO_AROUND KEEL_GEO_STORE),
                  6),
          "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"),
    older(row("georadius_ro", georadius_ro, at_least(6), "3.2.10",
              "Returns the members of a sorted set whose positions are near another.", KEEL_GEO_AROUND),
          "`GEOSEARCH` with the `BYRADIUS` argument"),
    older(
        storing(row("georadiusbymember", georadiusbymember, at_least(5), "3.2.0",
                    "Returns the members of a sorted set whose positions are near that of one of them, or stores them.",
                    KEEL_GEO_AROUND_MEMBER KEEL_GEO_STORE),
                5),
        "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments"),
    older(row("georadiusbymember_ro", georadiusbymember_ro, at_least(5), "3.2.10",
              "Returns the members of a sorted set whose positions are near that of one of them.",
              KEEL_GEO_AROUND_MEMBER),
          "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"),
};

}  // namespace

const std::span<const CommandSpec> kGeoSearchCommands{kRows};

}  // namespace keel::zset
