// SPDX-License-Identifier: BSD-3-Clause
//
// Replies that tests of strings compare with.
#pragma once

#include <string>

namespace keel::test {

inline std::string bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }

inline const std::string kOk = "+OK\r\n";
inline const std::string kNull = "$-1\r\n";
inline const std::string kSyntaxError = "-ERR syntax error\r\n";
inline const std::string kNotAnInteger = "-ERR value is not an integer or out of range\r\n";
inline const std::string kNotAFloat = "-ERR value is not a valid float\r\n";
inline const std::string kWrongTypeError = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

}  // namespace keel::test
