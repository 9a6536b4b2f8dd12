// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/syntax.h"

#include <catch2/catch.hpp>

using namespace keel;

namespace {

// A tree on one line: name:type, "TOKEN" before it, ? optional, + multiple, ++ with its token, @n key spec.
std::string drawn(const std::vector<Argument>& arguments) {
    std::string out;
    for (const Argument& argument : arguments) {
        if (!out.empty()) out += ' ';
        if (!argument.token.empty()) out += '"' + argument.token + "\" ";
        out += argument.name + ':' + std::string{type_name(argument.type)};
        if (argument.key_spec_index >= 0) out += '@' + std::to_string(argument.key_spec_index);
        if (argument.optional) out += '?';
        if (argument.multiple) out += argument.multiple_token ? "++" : "+";
        if (!argument.arguments.empty()) out += '{' + drawn(argument.arguments) + '}';
    }
    return out;
}

std::string drawn(Bytes text) {
    const auto parsed = parse_syntax(text);
    return parsed ? drawn(*parsed) : "error: " + std::string{parsed.error().text()};
}

std::vector<Argument> tree(Bytes text) {
    auto parsed = parse_syntax(text);
    REQUIRE(parsed);
    return *std::move(parsed);
}

}  // namespace

TEST_CASE("syntax: names become values of their type") {
    CHECK(drawn("") == "");
    CHECK(drawn("key index:integer") == "key:key index:integer");
    CHECK(drawn("numkeys by:double at:unix-time match:pattern newkey:key word text:string") ==
          "numkeys:integer by:double at:unix-time match:pattern newkey:key word:string text:string");
    CHECK(drawn("ip:port:string") == "ip:port:string");
}

TEST_CASE("syntax: a keyword is an argument, or introduces the one behind it") {
    CHECK(drawn("[GET]") == "\"GET\" get:pure-token?");
    CHECK(drawn("[EX seconds:integer]") == "\"EX\" seconds:integer?");
    CHECK(drawn("FILTERBY (MODULE module|ACLCAT category)") ==
          "\"FILTERBY\" module-or-category:oneof{\"MODULE\" module:string \"ACLCAT\" category:string}");
    CHECK(drawn("BY (pattern)") == "\"BY\" pattern:string");
}

TEST_CASE("syntax: two quotes are the empty word") {
    const auto parsed = tree("(key|\"\")");
    const Argument& empty = parsed.at(0).arguments.at(1);
    CHECK(empty.name == "empty-string");
    CHECK(empty.type == Argument::Type::pure_token);
    CHECK(empty.token.empty());
}

TEST_CASE("syntax: alternatives are one argument") {
    CHECK(drawn("[NX|XX]") == "nx-or-xx:oneof?{\"NX\" nx:pure-token \"XX\" xx:pure-token}");
    CHECK(drawn("condition=[NX|XX]") == "condition:oneof?{\"NX\" nx:pure-token \"XX\" xx:pure-token}");
    CHECK(drawn("WHERE where=(LEFT|RIGHT)") ==
          "\"WHERE\" where:oneof{\"LEFT\" left:pure-token \"RIGHT\" right:pure-token}");
    CHECK(drawn("(id|*|$)") == "id-or-auto-or-last:oneof{id:string \"*\" auto:pure-token \"$\" last:pure-token}");
    CHECK(drawn("(MAXLEN|MINID) [=|~] threshold") ==
          "maxlen-or-minid:oneof{\"MAXLEN\" maxlen:pure-token \"MINID\" minid:pure-token} "
          "equal-or-approximately:oneof?{\"=\" equal:pure-token \"~\" approximately:pure-token} threshold:string");
}

TEST_CASE("syntax: several elements in brackets are a block") {
    CHECK(drawn("[protover [SETNAME name]]") == "protover-name:block?{protover:string \"SETNAME\" name:string?}");
    CHECK(drawn("[COUNT count:integer [ANY]]") == "count-any:block?{\"COUNT\" count:integer \"ANY\" any:pure-token?}");
    CHECK(drawn("data=(score:double member)") == "data:block{score:double member:string}");
}

TEST_CASE("syntax: a keyword before several plain values belongs to all of them") {
    CHECK(drawn("[LIMIT offset:integer count:integer]") ==
          "\"LIMIT\" offset-count:block?{offset:integer count:integer}");
    CHECK(drawn("(STREAMS key [key ...] id [id ...])") == "\"STREAMS\" key-id:block{key:key+ id:string+}");
}

TEST_CASE("syntax: dots repeat what stands before the bracket") {
    CHECK(drawn("key [key ...]") == "key:key+");
    CHECK(drawn("key value [key value ...]") == "key-value:block+{key:key value:string}");
    CHECK(drawn("key [field [field ...]]") == "key:key field:string?+");
    CHECK(drawn("[GET pattern [GET pattern ...]]") == "\"GET\" pattern:string?++");
    CHECK(drawn("[ID id:integer [id:integer ...]]") == "\"ID\" id:integer?+");
    CHECK(drawn("[SECTION a b [a b ...]]") == "\"SECTION\" a-b:block?+{a:string b:string}");
    CHECK(drawn("(GET a|SET b) [(GET a|SET b) ...]") == "a-or-b:oneof+{\"GET\" a:string \"SET\" b:string}");
}

TEST_CASE("syntax: the whole of SET") {
    CHECK(drawn("key value [NX|XX|IFEQ comparison-value] [GET] [EX seconds:integer|PX milliseconds:integer|EXAT "
                "unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time|KEEPTTL]") ==
          "key:key value:string nx-or-xx-or-comparison-value:oneof?{\"NX\" nx:pure-token \"XX\" xx:pure-token \"IFEQ\" "
          "comparison-value:string} \"GET\" get:pure-token? "
          "seconds-or-milliseconds-or-unix-time-seconds-or-unix-time-milliseconds-or-keepttl:oneof?{\"EX\" "
          "seconds:integer \"PX\" milliseconds:integer \"EXAT\" unix-time-seconds:unix-time \"PXAT\" "
          "unix-time-milliseconds:unix-time \"KEEPTTL\" keepttl:pure-token}");
}

TEST_CASE("syntax: what is wrong is told with its place") {
    CHECK(drawn("[key") == "error: expected ']' at byte 4");
    CHECK(drawn("(key]") == "error: expected ')' at byte 4");
    CHECK(drawn("key]") == "error: unexpected ']' at byte 3");
    CHECK(drawn("a|b") == "error: unexpected '|' at byte 1");
    CHECK(drawn("[]") == "error: nothing in brackets or beside '|' at byte 1");
    CHECK(drawn("[NX|]") == "error: nothing in brackets or beside '|' at byte 4");
    CHECK(drawn("key:number") == "error: no such type: 'number' at byte 10");
    CHECK(drawn("key ...") == "error: '...' outside of brackets at byte 7");
    CHECK(drawn("key [field ...]") == "error: '...' repeats something else than what stands before it at byte 15");
    CHECK(drawn("[key ...]") == "error: '...' repeats something else than what stands before it at byte 9");
    CHECK(drawn("a [... a]") == "error: something behind '...' at byte 7");
    CHECK(drawn("a [a ...|b]") == "error: '...' among alternatives at byte 8");
    CHECK(drawn("a (a ...)") == "error: '...' in round brackets at byte 9");
    CHECK(drawn("BY (GET a)") == "error: two keywords for one argument at byte 10");
    CHECK(drawn(std::string(100, '[')) == "error: brackets too deep at byte 16");
}

TEST_CASE("syntax: the number of words follows from the tree") {
    const auto counts = [](Bytes text) {
        const WordCount count = word_count(tree(text));
        return std::pair{count.least, count.most};
    };
    constexpr std::size_t kMany = WordCount::kUnbounded;
    CHECK(counts("") == std::pair{std::size_t{0}, std::size_t{0}});
    CHECK(counts("key value [EX seconds|KEEPTTL] [GET]") == std::pair{std::size_t{2}, std::size_t{5}});
    CHECK(counts("key value [key value ...]") == std::pair{std::size_t{2}, kMany});
    CHECK(counts("key (FROMMEMBER member|FROMLONLAT lon lat) (BYRADIUS r (M|KM)|BYBOX w h (M|KM))") ==
          std::pair{std::size_t{6}, std::size_t{8}});
    CHECK(counts("(STREAMS key [key ...] id [id ...])") == std::pair{std::size_t{3}, kMany});
    CHECK(counts("[LIMIT offset count]") == std::pair{std::size_t{0}, std::size_t{3}});
}

TEST_CASE("syntax: keys are numbered as the key specs are") {
    const auto numbered = [](const CommandSpec& spec) { return drawn(*arguments_of(spec)); };
    CHECK(numbered({.name = "rename",
                    .arity = exactly(3),
                    .keys = one_key(Use::rm) + one_key(Use::ow, 2),
                    .syntax = "key newkey:key"}) == "key:key@0 newkey:key@1");
    CHECK(numbered({.name = "mset",
                    .arity = at_least(3),
                    .keys = key_range(Use::ow, 1, -1, 2),
                    .syntax = "key value [key value ...]"}) == "key-value:block+{key:key@0 value:string}");
    const KeySpecs unknown{.at = {{.use = Use::read}}, .count = 1};
    CHECK(numbered({.name = "sort",
                    .arity = at_least(2),
                    .keys = one_key(Use::read) + unknown + unknown,
                    .syntax = "key [BY by:pattern] [GET get:pattern [GET get:pattern ...]] [STORE destination:key]"}) ==
          "key:key@0 \"BY\" by:pattern@1? \"GET\" get:pattern@1?++ \"STORE\" destination:key@2?");
    CHECK(
        numbered(
            {.name = "lcs", .arity = exactly(3), .keys = key_range(Use::read, 1, 1), .syntax = "key1:key key2:key"}) ==
        "key1:key@0 key2:key@0");
    CHECK(numbered({.name = "keys", .arity = exactly(2), .syntax = "match:pattern"}) == "match:pattern");
    CHECK(numbered({.name = "none", .arity = exactly(2), .syntax = "key"}) == "key:key");
}
