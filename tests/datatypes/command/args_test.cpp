// SPDX-License-Identifier: BSD-3-Clause
#include "datatypes/command/args.h"

#include <catch2/catch.hpp>

#include <vector>

#include "protocol/resp/errors.h"

using namespace keel;

TEST_CASE("args: words come in order, behind the command's name") {
    const std::vector<Bytes> words = {"set", "k", "5"};
    Args args{words, 1};
    CHECK(args.next<Bytes>() == "k");
    CHECK(args.next<std::int64_t>() == 5);
    CHECK(args.done());
}

TEST_CASE("args: the first error is the one that is told") {
    const std::vector<Bytes> words = {"x", "notint", "notfloat"};
    Args args{words, 1};
    CHECK(args.next<std::int64_t>() == 0);
    CHECK(args.next<double>() == 0);
    const Status status = args.done();
    REQUIRE_FALSE(status);
    CHECK(status.error().is(errors::kNotInteger));
}

TEST_CASE("args: words left over and words missing are syntax errors") {
    const std::vector<Bytes> words = {"x", "a"};
    Args left{words, 1};
    CHECK(left.done().error().is(errors::kSyntax));
    Args missing{words, 1};
    missing.next<Bytes>();
    CHECK(missing.next<Bytes>().empty());
    CHECK(missing.done().error().is(errors::kSyntax));
}

TEST_CASE("args: a keyword is taken in any case, one that needs a value only with one") {
    const std::vector<Bytes> words = {"x", "nX", "ex"};
    Args args{words, 1};
    CHECK_FALSE(args.accept("XX"));
    CHECK(args.accept("NX"));
    CHECK_FALSE(args.accept_with_value("EX"));
    CHECK(args.accept("EX"));
    CHECK_FALSE(args.more());
}
