// SPDX-License-Identifier: BSD-3-Clause
//
// Reads a request's arguments in order and keeps the first error, so that a handler reads everything and checks
// once:
//
//     const auto key = cx.args.next<Bytes>();
//     const auto by  = cx.args.next<std::int64_t>();
//     KEEL_TRY(cx.args.done());                        // the first bad argument, or words left over
//
// Options stand in a loop:
//
//     while (cx.args.more()) {
//         if (cx.args.accept("NX")) nx = true;
//         else if (cx.args.accept("EX")) ttl = cx.args.next<std::int64_t>();
//         else return errors::kSyntax;
//     }
//
// Always true:
//   1. After the first error every next() returns a harmless value (empty, 0) and the error stays.
//   2. Views point into the request and end with the handler.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace keel {

class Args {
  public:
    Args() = default;
    // `words` is the whole request; reading starts behind the command's own name(s).
    Args(std::span<const Bytes> words, std::size_t name_words) : words_(words), at_(name_words) {}

    [[nodiscard]] bool more() const { return at_ < words_.size(); }
    [[nodiscard]] std::size_t left() const { return words_.size() - at_; }
    [[nodiscard]] std::size_t position() const { return at_; }
    void skip(std::size_t words) { at_ += words; }
    void rewind(std::size_t position) { at_ = position; }

    // Bytes: any word. std::int64_t: "ERR value is not an integer or out of range". double, long double:
    // "ERR value is not a valid float". Nothing left: a syntax error.
    template <typename T>
    T next();

    // The next word without taking it; empty if there is none.
    [[nodiscard]] Bytes peek() const { return more() ? words_[at_] : Bytes{}; }
    // Takes the next word if it is this keyword, in any case.
    bool accept(Bytes keyword) {
        if (!more() || !equal_nocase(words_[at_], keyword)) return false;
        ++at_;
        return true;
    }
    // Takes the next word if it is this keyword and another word follows it.
    bool accept_with_value(Bytes keyword) { return left() >= 2 && accept(keyword); }
    // The rest, taken.
    std::span<const Bytes> rest() {
        auto out = words_.subspan(at_);
        at_ = words_.size();
        return out;
    }
    [[nodiscard]] std::span<const Bytes> words() const { return words_; }  // the name included

    void fail(Error error) {
        if (!error_) return;
        error_ = Status{std::move(error)};
    }
    // The first error; else a syntax error if words are left over.
    Status done();
    // The first error, whatever is left.
    Status checked() { return std::move(error_); }

  private:
    Bytes ran_out();

    std::span<const Bytes> words_;
    std::size_t at_ = 0;
    Status error_;
};

template <>
inline Bytes Args::next<Bytes>() {
    if (at_ < words_.size()) [[likely]] return words_[at_++];
    return ran_out();
}
template <>
std::int64_t Args::next<std::int64_t>();
template <>
double Args::next<double>();
template <>
long double Args::next<long double>();

}  // namespace keel
