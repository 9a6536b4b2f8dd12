// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/resp/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace keel::errors {

namespace {

// How much of a client's own bytes an error repeats.
constexpr std::size_t kEchoBytes = 128;

// The beginning of `text`, as C would print it: it ends at a NUL.
Bytes echo(Bytes text, std::size_t most = kEchoBytes) { return text.substr(0, std::min(text.find('\0'), most)); }

// An error is one line.
Error line(std::string text) {
    for (char& c : text) {
        if (c == '\r' || c == '\n') c = ' ';
    }
    return Error{std::move(text)};
}

}  // namespace

Error expected_dollar(char got) { return line(fmt::format("ERR Protocol error: expected '$', got '{}'", got)); }

Error invalid_expire(Bytes command) { return line(fmt::format("ERR invalid expire time in '{}' command", command)); }

Error invalid_position(double longitude, double latitude) {
    return line(fmt::format("ERR invalid longitude,latitude pair {:f},{:f}", longitude, latitude));
}

Error needs_center(Bytes command) {
    return line(fmt::format("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {}", echo(command)));
}

Error needs_shape(Bytes command) {
    return line(fmt::format("ERR exactly one of BYRADIUS and BYBOX can be specified for {}", echo(command)));
}

Error unknown_command(std::span<const Bytes> words) {
    std::string arguments;
    for (std::size_t i = 1; i < words.size() && arguments.size() < kEchoBytes; ++i) {
        arguments += fmt::format("'{}' ", echo(words[i], kEchoBytes - arguments.size()));
    }
    const Bytes name = words.empty() ? Bytes{} : words.front();
    return line(fmt::format("ERR unknown command '{}', with args beginning with: {}", echo(name), arguments));
}

Error wrong_arity(Bytes command) {
    return line(fmt::format("ERR wrong number of arguments for '{}' command", command));
}

Error unknown_subcommand(Bytes command, Bytes subcommand) {
    return line(fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", echo(subcommand), upper(command)));
}

Error subcommand_syntax(Bytes command, Bytes subcommand) {
    return line(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try {} HELP.",
                            echo(subcommand), upper(command)));
}

Error out_of_range(std::int64_t least, std::int64_t most) {
    return line(fmt::format("ERR value is out of range, value must between {} and {}", least, most));
}

Error needs_input_key(Bytes command) {
    return line(fmt::format("ERR at least 1 input key is needed for '{}' command", command));
}
Error unknown_argument(Bytes argument) { return line(fmt::format("ERR unknown argument: {}", echo(argument))); }

Error unsupported_option(Bytes option) { return line(fmt::format("ERR Unsupported option {}", echo(option))); }

Error protected_command(Bytes command, Bytes setting) {
    return line(
        fmt::format("ERR {} command not allowed. If the {} option is set to \"local\", you can run it from a "
                    "local connection, otherwise you need to set this option in the configuration file, and "
                    "then restart the server.",
                    command, setting));
}

Error no_permission(Bytes user, Bytes command) {
    return line(fmt::format("NOPERM User {} has no permissions to run the '{}' command", user, command));
}

Error not_while_subscribed(Bytes command) {
    return line(
        fmt::format("ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                    "allowed in this context",
                    command));
}

Error misconf_aof(Bytes why) { return line(fmt::format("MISCONF Errors writing to the AOF file: {}", why)); }

Error exec_abort(Bytes why) { return line(fmt::format("EXECABORT Transaction discarded because of: {}", why)); }

Error moved(unsigned slot, Bytes endpoint) { return line(fmt::format("MOVED {} {}", slot, endpoint)); }

Error ask(unsigned slot, Bytes endpoint) { return line(fmt::format("ASK {} {}", slot, endpoint)); }

}  // namespace keel::errors
