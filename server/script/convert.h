// SPDX-License-Identifier: BSD-3-Clause
//
// Values between the protocol and Lua.
//
//     reply            Lua                      Lua                        reply
//     :7               7                        7.9                        :7
//     $2 ab, +OK       "ab", {ok="OK"}          "ab", {ok="x"}             $2 ab, +x
//     -E x             {err="E x"}              {err="E x"}                -E x
//     *2               {..., ...}               {1, 2, nil, 4}             *2 (up to the first nil)
//     $-1, *-1         false                    nil, false                 null
//     _  #t            nil, true                true                       :1, after setresp(3) #t
//     ,0.5             {double=0.5}             the same tables            the same
//     %  ~             {map={}}, {set={x=true}}
//     ( =txt:          {big_number=""}, {verbatim_string={format="", string=""}}
#pragma once

#include "protocol/resp/reply.h"
#include "server/script/lua.h"
#include "server/stats.h"

namespace keel::script {

// Puts the reply that these bytes are on Lua's stack: one whole reply of ours, in either protocol.
void push_reply(lua_State* lua, Bytes encoded);

// Puts {err = text} there; `counted`: statistics know of it already.
void push_error(lua_State* lua, Bytes text, bool counted);

// The errors that a script's reply holds, which may be many, at any depth: counts those that are the script's own, and
// knows as how many failures of the script all of them count. As in Redis, each error of a command that it hands on is
// one, and its own are one together.
class ReplyErrors {
  public:
    // Lent.
    explicit ReplyErrors(Stats& stats) : stats_(stats) {}

    // `counted`: it is a command's, which counted it.
    void add(Bytes text, bool counted) {
        if (counted) {
            ++handed_on_;
            return;
        }
        own_ = true;
        stats_.count_error(text);
    }
    [[nodiscard]] std::uint64_t failures() const { return handed_on_ + (own_ ? 1 : 0); }

  private:
    Stats& stats_;
    std::uint64_t handed_on_ = 0;
    bool own_ = false;
};

// Writes the value at the top of the stack, and takes it off. `script_protocol`: what the script chose with setresp.
// Raises an error, in the middle of the reply, if it would be of more than `most_bytes`: a table that stands twice in
// each table of twenty is a million of them.
inline constexpr std::size_t kMostReplyBytes = std::size_t{1} << 30;
void write_reply(lua_State* lua, Reply& reply, int script_protocol, ReplyErrors& errors,
                 std::size_t most_bytes = kMostReplyBytes);

// The text of an error table's field, empty if there is none.
[[nodiscard]] Bytes error_of_table(lua_State* lua, int index, bool& counted);

// The text of redis.error_reply, with or without a '-' before it: its first word is the code, and one word alone gets
// one:
// "-CODE x" and "x" become "CODE x" and "ERR x".
[[nodiscard]] std::string with_code(Bytes text);

}  // namespace keel::script
