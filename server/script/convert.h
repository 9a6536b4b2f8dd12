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

namespace keel::script {

// Puts the reply that these bytes are on Lua's stack: one whole reply of ours, in either protocol.
void push_reply(lua_State* lua, Bytes encoded);

// Puts {err = text} there; `counted`: statistics know of it already.
void push_error(lua_State* lua, Bytes text, bool counted);

// Writes the value at the top of the stack, and takes it off. `script_protocol`: what the script chose with setresp.
// An error that statistics have counted already sets `counted`. Raises an error, in the middle of the reply, if it
// would be of more than `most_bytes`: a table that stands twice in each table of twenty is a million of them.
inline constexpr std::size_t kMostReplyBytes = std::size_t{1} << 30;
void write_reply(lua_State* lua, Reply& reply, int script_protocol, bool& counted,
                 std::size_t most_bytes = kMostReplyBytes);

// The text of an error table's field, empty if there is none.
[[nodiscard]] Bytes error_of_table(lua_State* lua, int index, bool& counted);

// The text of redis.error_reply, with or without a '-' before it: its first word is the code, and one word alone gets
// one:
// "-CODE x" and "x" become "CODE x" and "ERR x".
[[nodiscard]] std::string with_code(Bytes text);

}  // namespace keel::script
