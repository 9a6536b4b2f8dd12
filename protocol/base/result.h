// SPDX-License-Identifier: BSD-3-Clause
//
// Errors as values. Result<T> holds a T or an Error; KEEL_TRY passes an error up.
//
//     Result<Length> read_length(Loader& in);
//     KEEL_TRY(const auto n, read_length(in));      // n, or return the error
//     KEEL_TRY(check_limit(n));                     // the same for Result<void>
//
// An Error is one word. Texts that never change are `constexpr ErrorText` objects and cost nothing to return;
// a text made on the spot is owned by the Error. Replies carry the text as it stands, without the '-' of RESP.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "protocol/base/bytes.h"
#include "protocol/base/check.h"

namespace keel {

// A text that lives as long as the program: `inline constexpr ErrorText kWrongType{"WRONGTYPE ..."};`
struct ErrorText {
    Bytes text;
};

class [[nodiscard]] Error {
  public:
    // Implicit, so that a handler can `return errors::kSyntax;`
    Error(const ErrorText& fixed) noexcept : word_(reinterpret_cast<std::uintptr_t>(&fixed)) {}
    Error(ErrorText&&) = delete;  // a temporary would dangle
    explicit Error(std::string text) : word_(reinterpret_cast<std::uintptr_t>(new std::string(std::move(text))) | kOwned) {}
    Error(Error&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
    Error& operator=(Error&& other) noexcept {
        std::swap(word_, other.word_);
        return *this;
    }
    Error(const Error& other) : word_(other.owned() ? Error{std::string{other.text()}}.release() : other.word_) {}
    Error& operator=(const Error& other) { return *this = Error{other}; }
    ~Error() {
        if (owned()) delete string();
    }

    [[nodiscard]] Bytes text() const noexcept {
        return owned() ? Bytes{*string()} : reinterpret_cast<const ErrorText*>(word_)->text;
    }
    [[nodiscard]] bool is(const ErrorText& fixed) const noexcept {
        return word_ == reinterpret_cast<std::uintptr_t>(&fixed);
    }

  private:
    template <typename>
    friend class Result;
    static constexpr std::uintptr_t kOwned = 1;

    Error() noexcept : word_(0) {}  // only inside Result: "no error"
    [[nodiscard]] bool owned() const noexcept { return (word_ & kOwned) != 0; }
    [[nodiscard]] std::string* string() const noexcept { return reinterpret_cast<std::string*>(word_ & ~kOwned); }
    std::uintptr_t release() noexcept { return std::exchange(word_, 0); }

    std::uintptr_t word_;
};

template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : has_value_(true) { new (&value_) T(std::move(value)); }
    Result(Error error) noexcept : has_value_(false) { new (&error_) Error(std::move(error)); }
    Result(const ErrorText& fixed) noexcept : Result(Error{fixed}) {}
    Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : has_value_(other.has_value_) {
        if (has_value_) new (&value_) T(std::move(other.value_));
        else new (&error_) Error(std::move(other.error_));
    }
    Result& operator=(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
        if (this != &other) {
            std::destroy_at(this);
            std::construct_at(this, std::move(other));
        }
        return *this;
    }
    Result(const Result&) = delete;
    Result& operator=(const Result&) = delete;
    ~Result() {
        if (has_value_) std::destroy_at(&value_);
        else std::destroy_at(&error_);
    }

    [[nodiscard]] bool has_value() const noexcept { return has_value_; }
    explicit operator bool() const noexcept { return has_value_; }

    T& operator*() & noexcept {
        KEEL_DCHECK(has_value_);
        return value_;
    }
    const T& operator*() const& noexcept {
        KEEL_DCHECK(has_value_);
        return value_;
    }
    T&& operator*() && noexcept {
        KEEL_DCHECK(has_value_);
        return std::move(value_);
    }
    T* operator->() noexcept { return &**this; }
    const T* operator->() const noexcept { return &**this; }
    [[nodiscard]] T value_or(T fallback) const& { return has_value_ ? value_ : std::move(fallback); }

    [[nodiscard]] const Error& error() const& noexcept {
        KEEL_DCHECK(!has_value_);
        return error_;
    }
    [[nodiscard]] Error&& error() && noexcept {
        KEEL_DCHECK(!has_value_);
        return std::move(error_);
    }

  private:
    union {
        T value_;
        Error error_;
    };
    bool has_value_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() noexcept = default;
    Result(Error error) noexcept : error_(std::move(error)) {}
    Result(const ErrorText& fixed) noexcept : error_(fixed) {}

    [[nodiscard]] bool has_value() const noexcept { return error_.word_ == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    [[nodiscard]] const Error& error() const& noexcept {
        KEEL_DCHECK(!has_value());
        return error_;
    }
    [[nodiscard]] Error&& error() && noexcept {
        KEEL_DCHECK(!has_value());
        return std::move(error_);
    }

  private:
    Error error_;
};

using Status = Result<void>;

}  // namespace keel

#define KEEL_TRY_NAME2(line) keel_try_##line
#define KEEL_TRY_NAME(line) KEEL_TRY_NAME2(line)
#define KEEL_TRY_1(name, expression)                 \
    if (auto name = (expression); !name) [[unlikely]] \
        return std::move(name).error();              \
    else                                             \
        static_cast<void>(0)
#define KEEL_TRY_2(name, declaration, ...)                         \
    auto name = (__VA_ARGS__);                                     \
    if (!name) [[unlikely]] return std::move(name).error();        \
    declaration = *std::move(name)
#define KEEL_TRY_PICK(_1, _2, chosen, ...) chosen
#define KEEL_TRY_DECL(declaration, ...) KEEL_TRY_2(KEEL_TRY_NAME(__LINE__), declaration, __VA_ARGS__)
#define KEEL_TRY_ONLY(expression) KEEL_TRY_1(KEEL_TRY_NAME(__LINE__), expression)
// KEEL_TRY(expression) or KEEL_TRY(declaration, expression). An expression with a comma of its own outside
// parentheses does not fit: name its value first.
#define KEEL_TRY(...) KEEL_TRY_PICK(__VA_ARGS__, KEEL_TRY_DECL, KEEL_TRY_ONLY)(__VA_ARGS__)
