// SPDX-License-Identifier: BSD-3-Clause
//
// Text in INFO's form: sections with a heading, a field a line, each line ended by CR LF, a blank line between
// sections.
//
//     # Clients
//     connected_clients:1
//     maxclients:10000
#pragma once

#include <fmt/core.h>

#include <concepts>
#include <iterator>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/number.h"

namespace keel {

class InfoText {
  public:
    void heading(Bytes title) {
        if (!text_.empty()) text_ += "\r\n";
        line("# ", title);
    }
    void field(Bytes name, Bytes value) { line(name, ":", value); }
    void field(Bytes name, const char* value) { line(name, ":", Bytes{value}); }
    void field(Bytes name, std::integral auto value) {
        fmt::format_to(std::back_inserter(text_), "{}:{}\r\n", name, value);
    }
    // With a fixed number of digits behind the point.
    void decimal(Bytes name, double value, int digits) {
        fmt::format_to(std::back_inserter(text_), "{}:{:.{}f}\r\n", name, value, digits);
    }
    void percent(Bytes name, double value) { fmt::format_to(std::back_inserter(text_), "{}:{:.2f}%\r\n", name, value); }
    // "<name>:<bytes>" and "<name>_human:1.50M"
    void size(Bytes name, std::uint64_t bytes) {
        field(name, bytes);
        fmt::format_to(std::back_inserter(text_), "{}_human:{}\r\n", name, human_bytes(bytes));
    }

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    void line(auto... parts) {
        (text_.append(parts), ...);
        text_ += "\r\n";
    }

    std::string text_;
};

// Per cent or ratio of two counts; 0 when there is no whole.
[[nodiscard]] inline double share(double part, double whole) { return whole == 0 ? 0 : part / whole; }

}  // namespace keel
