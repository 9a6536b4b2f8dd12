// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/list/list.h"

#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <string>
#include <utility>

#include "datatypes/list/families.h"

using namespace keel;
using namespace keel::list;

namespace {

using Model = std::deque<std::string>;

// A list that owns its value, as an entry does.
class Owned {
  public:
    explicit Owned(Limits limits) : list_(limits) {}
    ~Owned() { kOps.destroy(list_.value()); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    List* operator->() { return &list_; }
    List& operator*() { return list_; }
    // Takes the value up again, as the next command does.
    void reopen(Limits limits) { list_ = List{list_.value(), limits}; }

  private:
    List list_;
};

std::string text_of(const ListpackItem& item) {
    std::array<char, 24> scratch;
    return std::string{item.as_text(scratch)};
}

Model forwards(const List& list) {
    Model out;
    list.visit(0, [&](const ListpackItem& item) { return out.push_back(text_of(item)), true; });
    return out;
}

Model backwards(const List& list) {
    Model out;
    if (!list.empty())
        list.visit_back(list.count() - 1,
                        [&](const ListpackItem& item) { return out.push_front(text_of(item)), true; });
    return out;
}

// Truth 4 of list.h and those of node.h and chain.h, of every node.
void check_nodes(const List& list, const Limits& limits) {
    std::size_t sum = 0;
    const bool chain = list.form() == static_cast<std::uint8_t>(Form::chain);
    for (std::size_t i = 0; i < list.node_count(); ++i) {
        const Node& node = list.node(i);
        sum += node.count;
        if (chain) REQUIRE(node.count > 0);
        const bool at_an_end = i < limits.depth() || i + limits.depth() >= list.node_count();
        if (at_an_end) REQUIRE_FALSE(node.squeezed());
        const NodeReader reader{node};
        if (reader.plain())
            REQUIRE(node.count == 1);
        else
            REQUIRE(reader.pack().count() == node.count);
    }
    REQUIRE(sum == list.count());
}

std::string some_text(std::mt19937& random) {
    switch (random() % 8) {
        case 0: return std::to_string(static_cast<std::int32_t>(random()));
        case 1: return std::to_string(random() % 100);
        case 2: return std::string(random() % 300, static_cast<char>('a' + random() % 3));
        case 3: return random() % 20 == 0 ? std::string(3000 + random() % 12000, 'L') : "";
        default: return std::string(1, static_cast<char>('a' + random() % 4));
    }
}

std::ptrdiff_t offset(std::size_t at) { return static_cast<std::ptrdiff_t>(at); }

// LREM on the model.
std::size_t remove(Model& model, const std::string& text, std::size_t most, End from) {
    std::size_t removed = 0;
    for (std::size_t looked = 0, size = model.size(); looked < size && removed < most; ++looked) {
        const std::size_t at = from == End::head ? looked - removed : size - 1 - looked;
        if (model[at] != text) continue;
        model.erase(model.begin() + offset(at));
        ++removed;
    }
    return removed;
}

// One random change of both.
void change(List& list, Model& model, std::mt19937& random) {
    const std::string text = some_text(random);
    const std::size_t at = model.empty() ? 0 : random() % model.size();
    switch (random() % 10) {
        case 0:
        case 1:
            list.push(End::tail, Bytes{text});
            model.push_back(text);
            break;
        case 2:
        case 3: {
            const std::vector<Bytes> values(random() % 40 + 1, Bytes{text});
            list.push(End::head, values);
            model.insert(model.begin(), values.size(), text);
            break;
        }
        case 4:
        case 5:
            list.insert(at, text);
            model.insert(model.begin() + offset(at), text);
            break;
        case 6:
            if (model.empty()) break;
            list.set(at, text);
            model[at] = text;
            break;
        case 7: {
            const std::size_t count = std::min<std::size_t>(random() % 90, model.size() - at);
            list.erase(at, count);
            model.erase(model.begin() + offset(at), model.begin() + offset(at + count));
            list.shrink();
            break;
        }
        default: {
            const End from = random() % 2 == 0 ? End::head : End::tail;
            const std::size_t most = random() % 5;
            REQUIRE(list.remove(text, most, from) == remove(model, text, most, from));
        }
    }
}

}  // namespace

TEST_CASE("list: does what a deque does, whatever the limits") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    for (const std::int32_t size : {-2, -1, -5, 1, 2, 7, 128}) {
        for (const std::int32_t depth : {0, 1, 3}) {
            INFO("size " << size << " depth " << depth);
            const Limits limits{size, depth};
            Owned list{limits};
            Model model;
            for (int step = 0; step < 1500; ++step) {
                INFO("step " << step);
                change(*list, model, random);
                REQUIRE(list->count() == model.size());
                if (random() % 4 == 0) list.reopen(limits);
                if (!model.empty()) {
                    const std::size_t index = random() % model.size();
                    list->look_at(index, [&](const ListpackItem& item) { REQUIRE(text_of(item) == model[index]); });
                }
                if (step % 50 != 0) continue;
                REQUIRE(forwards(*list) == model);
                REQUIRE(backwards(*list) == model);
                check_nodes(*list, limits);
                const ValueRef copy = kOps.clone(list->value());
                REQUIRE(forwards(List{copy, limits}) == model);
                kOps.destroy(copy);
            }
        }
    }
}

TEST_CASE("list: twelve bytes cost little more than fourteen") {
    Owned list{Limits{-2, 0}};
    constexpr std::size_t kCount = 100'000;
    for (std::size_t i = 0; i < kCount; ++i) list->push(End::tail, "abcdefghijkl");
    const auto bytes = static_cast<double>(kOps.memory(list->value(), 0));
    CHECK((bytes - 12.0 * kCount) / kCount < 2.3);
}

TEST_CASE("list: inner nodes are squeezed, the ends are not") {
    const Limits limits{4, 2};
    Owned list{limits};
    for (int i = 0; i < 80; ++i) list->push(End::tail, std::string(100, 'x'));
    REQUIRE(list->node_count() == 20);
    for (std::size_t i = 0; i < 20; ++i) CHECK(std::as_const(*list).node(i).squeezed() == (i >= 2 && i < 18));
    CHECK(kOps.memory(list->value(), 0) < 80 * 100 / 2);
    list->erase(0, 40);
    for (std::size_t i = 0; i < 10; ++i) CHECK(std::as_const(*list).node(i).squeezed() == (i >= 2 && i < 8));
    list->set(20, "other");  // an inner one is squeezed again
    CHECK(std::as_const(*list).node(5).squeezed());
}

TEST_CASE("list: nodes that squeezing does not make smaller stay as they are") {
    Owned list{Limits{1, 1}};
    for (int i = 0; i < 10; ++i) list->push(End::tail, std::to_string(i));  // under 48 bytes
    for (std::size_t i = 0; i < list->node_count(); ++i) CHECK_FALSE(std::as_const(*list).node(i).squeezed());
}

TEST_CASE("list: elements above the packed threshold get a node of their own") {
    packed_threshold = 10;
    Owned list{Limits{-2, 0}};
    list->push(End::tail, "short");
    list->push(End::tail, "a long element");
    list->push(End::tail, "short");
    list->insert(1, "another long one");
    packed_threshold = 0;
    REQUIRE(list->node_count() == 4);
    CHECK(std::as_const(*list).node(1).kind == NodeKind::plain);
    CHECK(std::as_const(*list).node(2).kind == NodeKind::plain);
    CHECK(forwards(*list) == Model{"short", "another long one", "a long element", "short"});
}

TEST_CASE("list: a chain that has shrunk to half the limit is one listpack again") {
    Owned list{Limits{10, 0}};
    for (int i = 0; i < 11; ++i) list->push(End::tail, "x");
    CHECK(kOps.encoding_name(list->value()) == "quicklist");
    list->erase(10, 1);  // a chain of one node now
    list->erase(0, 4);
    list->shrink();
    CHECK(kOps.encoding_name(list->value()) == "quicklist");
    list->erase(0, 1);
    list->shrink();
    CHECK(kOps.encoding_name(list->value()) == "listpack");
}
