// SPDX-License-Identifier: BSD-3-Clause
//
// The structure beside a std::map: the same entries, in either direction, whatever was added, deleted and trimmed.
#include "datatypes/stream/stream.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace keel;
using namespace keel::stream;

namespace {

using Fields = std::vector<std::string>;
using Model = std::map<StreamId, Fields>;

std::vector<Bytes> views(const Fields& fields) { return {fields.begin(), fields.end()}; }

Fields fields_at(const Stream::Walk& walk) {
    Fields out;
    std::array<char, 24> scratch{};
    walk.block().each_field(walk.entry(), [&](const ListpackItem& name, const ListpackItem& value) {
        out.emplace_back(name.as_text(scratch));
        out.emplace_back(value.as_text(scratch));
    });
    return out;
}

void check_equal(const Stream& stream, const Model& model) {
    REQUIRE(stream.length() == model.size());
    CHECK(stream.first_id() == (model.empty() ? kMinId : model.begin()->first));
    auto at = model.begin();
    for (Stream::Walk walk{stream, kMinId, kMaxId}; walk.next(); ++at) {
        REQUIRE(at != model.end());
        REQUIRE(walk.id() == at->first);
        REQUIRE(fields_at(walk) == at->second);
    }
    CHECK(at == model.end());
    auto back = model.rbegin();
    for (Stream::Walk walk{stream, kMinId, kMaxId, Stream::Walk::Way::down}; walk.next(); ++back) {
        REQUIRE(walk.id() == back->first);
    }
    CHECK(back == model.rend());
    for (const auto& [id, raw] : stream.blocks()) {
        const ListpackView list{raw};
        CHECK(ListpackView::is_sound(list.bytes()));
    }
}

struct Play {
    explicit Play(std::uint32_t seed) : chance(seed) {}

    std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>{0, n - 1}(chance); }

    Fields some_fields() {
        Fields out;
        for (std::uint64_t n = below(8) == 0 ? 1 + below(5) : 2; n > 0; --n) {
            out.push_back(below(10) == 0 ? std::to_string(below(1000)) : "f" + std::to_string(n));
            out.push_back(below(2) == 0 ? std::to_string(below(1U << 30)) : std::string(below(200), 'v'));
        }
        return out;
    }

    void add() {
        StreamId id = stream.last_id;
        if (below(3) == 0)
            id = {id.ms + 1 + below(1000), below(2) == 0 ? 0 : below(1U << 20)};
        else
            id.seq += 1 + below(3);
        const Fields fields = some_fields();
        const auto words = views(fields);
        stream.append(id, words, limits);
        model[id] = fields;
        ++added;
    }

    void erase() {
        if (model.empty()) return;
        auto at = model.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(below(model.size())));
        const StreamId id = at->first;
        CHECK(stream.contains(id));
        CHECK(stream.erase(id));
        CHECK_FALSE(stream.contains(id));
        CHECK_FALSE(stream.erase(id));
        model.erase(id);
    }

    void trim() {
        Trim wanted{.by = below(2) == 0 ? Trim::By::length : Trim::By::id, .approximate = below(2) == 0};
        wanted.length = below(model.size() + 2);
        if (!model.empty()) {
            auto at = model.begin();
            std::advance(at, static_cast<std::ptrdiff_t>(below(model.size())));
            wanted.id = at->first;
        }
        const auto stays = stream.trim_bound(wanted);
        const std::uint64_t before = stream.length();
        const std::uint64_t gone = stream.trim(wanted);
        CHECK(stream.length() == before - gone);
        std::uint64_t dropped = 0;
        while (!model.empty() && (!stays || model.begin()->first < *stays)) {
            model.erase(model.begin());
            ++dropped;
        }
        CHECK(dropped == gone);
        if (wanted.approximate) return;
        if (wanted.by == Trim::By::length)
            CHECK(stream.length() <= wanted.length);
        else
            CHECK((model.empty() || model.begin()->first >= wanted.id));
    }

    std::mt19937 chance;
    BlockLimits limits;
    Stream stream;
    Model model;
    std::uint64_t added = 0;
};

}  // namespace

TEST_CASE("stream: beside a map, thousands of steps", "[stream]") {
    const std::uint32_t seed = std::random_device{}();
    CAPTURE(seed);
    Play play{seed};
    for (int round = 0; round < 12; ++round) {
        play.limits.entries = std::vector<std::int64_t>{1, 3, 10, 100, 0}[play.below(5)];
        play.limits.bytes = std::vector<std::uint64_t>{4096, 300, 0}[play.below(3)];
        for (int step = 0; step < 400; ++step) {
            const auto roll = play.below(100);
            if (roll < 75)
                play.add();
            else if (roll < 98)
                play.erase();
            else
                play.trim();
        }
        check_equal(play.stream, play.model);
        CHECK(play.stream.entries_added == play.added);
        const Stream copy{play.stream};
        check_equal(copy, play.model);
    }
    while (!play.model.empty()) play.erase();
    check_equal(play.stream, {});
    CHECK(play.stream.blocks().empty());
}

TEST_CASE("stream: ranges begin and end where they should", "[stream]") {
    Play play{7};
    play.limits.entries = 5;
    for (int i = 0; i < 200; ++i) play.add();
    for (int i = 0; i < 60; ++i) play.erase();
    for (int i = 0; i < 300; ++i) {
        StreamId from{play.below(play.stream.last_id.ms + 2), play.below(3)};
        StreamId to{play.below(play.stream.last_id.ms + 2), play.below(1U << 20)};
        if (to < from) std::swap(from, to);
        std::vector<StreamId> expected;
        for (auto at = play.model.lower_bound(from); at != play.model.upper_bound(to); ++at)
            expected.push_back(at->first);
        std::vector<StreamId> up;
        for (Stream::Walk walk{play.stream, from, to}; walk.next();) up.push_back(walk.id());
        CHECK(up == expected);
        std::vector<StreamId> down;
        for (Stream::Walk walk{play.stream, from, to, Stream::Walk::Way::down}; walk.next();) down.push_back(walk.id());
        std::reverse(expected.begin(), expected.end());
        CHECK(down == expected);
    }
}

TEST_CASE("stream: a block's bytes are those of RDB files", "[stream]") {
    Stream stream;
    const std::vector<Bytes> words{"f", "v"};
    stream.append({1000, 5}, words, {});
    stream.append({1001, 0}, words, {});
    const std::string expected{
        "\x2e\x00\x00\x00\x0f\x00"
        "\x02\x01\x00\x01\x01\x01\x81"
        "f"
        "\x02\x00\x01"  // two live, none deleted, one name, f, 0
        "\x02\x01\x00\x01\x00\x01\x81"
        "v"
        "\x02\x04\x01"  // 1000-5
        "\x02\x01\x01\x01\xdf\xfb\x02\x81"
        "v"
        "\x02\x04\x01"  // one more ms, five less seq
        "\xff",
        7 + 11 + 11 + 12};
    std::string sized = expected;
    sized[0] = static_cast<char>(sized.size());
    CHECK(ListpackView{stream.blocks().begin()->second}.bytes() == sized);
}

TEST_CASE("stream: entries take at most 14 bytes beyond what they hold", "[stream]") {
    Stream stream;
    const std::string value(12, 'x');
    const std::vector<Bytes> words{"f1", value, "f2", value};
    constexpr std::uint64_t kEntries = 100'000;
    for (std::uint64_t i = 0; i < kEntries; ++i) stream.append({1'700'000'000'000 + i / 50, i % 50}, words, {});
    const double each = static_cast<double>(stream.memory(0)) / kEntries - 28;
    CHECK(each <= 14);
}
