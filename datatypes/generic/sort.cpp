// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/generic/sort.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "protocol/base/number.h"

namespace keel::generic {

namespace {

// A weight as a number: what strtod reads up to a NUL, blanks in front allowed, and nothing is 0. Refused: NaN, and
// what is too large or too small. A NUL follows the text.
std::optional<double> number_of(Bytes text) {
    if (const auto integer = parse_integer(text)) return static_cast<double>(*integer);
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && stop == text.data() + text.size() && std::isnormal(value)) return value;
    char* end = nullptr;
    errno = 0;
    value = std::strtod(text.data(), &end);
    if (*end != '\0' || errno == ERANGE || std::isnan(value)) return std::nullopt;
    return value;
}

// Whether strcoll compares bytes, as strcmp does.
bool collates_by_bytes() {
    const Bytes locale = std::setlocale(LC_COLLATE, nullptr);
    return locale == "C" || locale == "POSIX" || locale == "C.UTF-8" || locale == "C.utf8";
}

struct ByNumber {
    bool descending;
    bool operator()(const Item& a, const Item& b) const {
        const Item& low = descending ? b : a;
        const Item& high = descending ? a : b;
        if (low.weight.number != high.weight.number) return low.weight.number < high.weight.number;
        return low.element->bytes() < high.element->bytes();
    }
};

struct ByText {
    bool descending;
    bool all_bytes;         // else up to a NUL
    bool ties_by_elements;  // else by position

    [[nodiscard]] int compare(const Text* a, const Text* b) const {
        if (a == nullptr || b == nullptr) return (a != nullptr ? 1 : 0) - (b != nullptr ? 1 : 0);
        return all_bytes ? a->bytes().compare(b->bytes()) : std::strcmp(a->c_str(), b->c_str());
    }
    bool operator()(const Item& a, const Item& b) const {
        if (const int order = compare(a.weight.text, b.weight.text); order != 0) return (order < 0) != descending;
        if (ties_by_elements) {
            if (const int order = a.element->bytes().compare(b.element->bytes()); order != 0) return order < 0;
        }
        return a.element->position() < b.element->position();
    }
};

template <typename Less>
std::span<Item> in_order(std::vector<Item>& items, Window window, Less less) {
    const auto begin = items.begin() + static_cast<std::ptrdiff_t>(window.first);
    const auto end = begin + static_cast<std::ptrdiff_t>(window.count);
    if (window.count != 0) {
        if (begin != items.begin()) std::nth_element(items.begin(), begin, items.end(), less);
        if (end != items.end()) std::nth_element(begin, end, items.end(), less);
        std::sort(begin, end, less);
    }
    return {items.data() + window.first, window.count};
}

}  // namespace

Window window_of(std::size_t total, std::int64_t offset, std::int64_t count) {
    const auto first = static_cast<std::size_t>(std::max<std::int64_t>(offset, 0));
    if (first >= total) return {};
    const std::size_t left = total - first;
    return {first, count < 0 ? left : std::min(left, static_cast<std::size_t>(count))};
}

Result<std::span<Item>> Sorting::run(Context& cx, const SortRequest& request, const ValueRef& value) {
    const TypeOps& ops = type_ops(value.type);
    const Window window = window_of(ops.count(value), request.offset, request.count);
    // A set has no order that is the same on every server: what is stored, or what a script goes by, is given one.
    const bool needs_order = value.type == Type::set && (request.destination || cx.caller->in_script);
    if (request.unordered && !needs_order) {
        take(value, window, request.descending);
        return std::span<Item>{items_};
    }
    gather(value);
    if (request.alpha || request.unordered) {
        weigh_by_text(cx, request);
        return in_order(items_, window,
                        ByText{.descending = request.descending,
                               .all_bytes = request.destination.has_value(),
                               .ties_by_elements = value.type == Type::set && request.destination});
    }
    if (!weigh_by_number(cx, request)) return errors::kScoresNotDouble;
    return in_order(items_, window, ByNumber{request.descending});
}

void Sorting::take(const ValueRef& value, Window window, bool descending) {
    if (window.count == 0) return;
    items_.reserve(window.count);
    const TypeOps& ops = type_ops(value.type);
    std::size_t skip = window.first;
    const auto visit = [&](Bytes element, double) {
        if (skip > 0) return --skip, true;
        add(element);
        return items_.size() < window.count;
    };
    if (ops.walk == nullptr) return ops.each(value, visit);
    ops.walk(value, std::exchange(skip, 0), descending, visit);
}

void Sorting::gather(const ValueRef& value) {
    const TypeOps& ops = type_ops(value.type);
    items_.reserve(ops.count(value));
    ops.each(value, [this](Bytes element, double) {
        add(element);
        return true;
    });
}

bool Sorting::weigh_by_number(Context& cx, const SortRequest& request) {
    bool good = true;
    const auto weigh = [&good](Item& item, Bytes text) {
        const auto number = number_of(text);
        item.weight.number = number.value_or(0);
        good = good && number;
    };
    if (!request.by) {
        for (Item& item : items_) weigh(item, item.element->bytes());
        return good;
    }
    look_up(cx, {&*request.by, 1}, items_, [&](Item& item, std::optional<Bytes> found) {
        item.weight.number = 0;
        if (found) weigh(item, scratch_.assign(*found));  // a NUL behind it
    });
    return good;
}

void Sorting::weigh_by_text(Context& cx, const SortRequest& request) {
    const bool plain = request.destination || collates_by_bytes();
    const auto comparable = [&](const Text* text) { return plain ? text : texts_.add_collated(*text); };
    if (!request.by || request.unordered) {
        for (Item& item : items_) item.weight.text = comparable(item.element);
        return;
    }
    look_up(cx, {&*request.by, 1}, items_, [&](Item& item, std::optional<Bytes> found) {
        item.weight.text = found ? comparable(texts_.add(*found)) : nullptr;
    });
}

}  // namespace keel::generic
