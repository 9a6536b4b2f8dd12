// SPDX-License-Identifier: BSD-3-Clause
//
// Text for the crash report, made in a fixed buffer and written straight to the log: for use in signal handlers.
// Also: registers, and names of code addresses.
#pragma once

#include <fmt/format.h>

#include <array>
#include <csignal>

#include "protocol/base/log.h"

namespace keel::crash {

// A line in fmt's format, cut at 1000 bytes. Integers, pointers, C strings and Bytes only: those need no memory.
template <typename... A>
void line(fmt::format_string<A...> format, A&&... arguments) noexcept {
    std::array<char, 1001> text;
    const auto end = fmt::format_to_n(text.data(), text.size() - 1, format, std::forward<A>(arguments)...).out;
    *end = '\n';
    log_crash_write({text.data(), static_cast<std::size_t>(end - text.data()) + 1});
}

// The processor's registers at the moment of the signal; `context` is the third argument of the handler.
void write_registers(const void* context) noexcept;
// Where it stood; null if this processor is not known.
[[nodiscard]] const void* instruction(const void* context) noexcept;

// The calls that led here: symbol, offset and file of each. `context` may be null.
void write_stack_trace(const void* context) noexcept;
// The same as names that people read. Allocates.
void write_readable_trace();

// "keel::ConnectionCommands::ping(keel::Context&)" of a function's address; empty if its name is not known. Allocates.
[[nodiscard]] std::string function_name(const void* address);

}  // namespace keel::crash
