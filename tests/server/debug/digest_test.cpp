// SPDX-License-Identifier: BSD-3-Clause
//
// The constants are what redis-server 7.0.15 answers for the same data.
#include "server/debug/digest.h"

#include <catch2/catch.hpp>

#include "datatypes/string/string_value.h"
#include "server/debug/populate.h"

using namespace keel;

namespace {

struct Silent final : KeyspaceListener {
    void on_expired(Database&, const Entry&) override {}
    void on_evicted(Database&, const Entry&) override {}
};

struct Data {
    LazyFree lazy_free{nullptr};
    Silent silent;
    Keyspace keyspace{16, lazy_free, silent, 1000};

    void set(int db, Bytes key, Bytes value, UnixMs deadline = kNoDeadline) {
        Database& at = keyspace.db(db);
        at.put(Key{key}, at.write(Key{key}), string::value_of(value), deadline);
    }
    [[nodiscard]] std::string digest() const { return digest_of(keyspace).hex(); }
};

}  // namespace

TEST_CASE("digest: no keys are zeros") { CHECK(Data{}.digest() == std::string(40, '0')); }

TEST_CASE("digest: a string, and one with a deadline, are what the peer says") {
    Data data;
    data.set(0, "k", "v");
    CHECK(data.digest() == "264ccf65edec66bccfa7cc659414ccca432057d2");
    data.set(0, "k", "v", 2000);
    CHECK(data.digest() == "bf83f210388eea94f06fb90d517490e16a08d7dd");
}

TEST_CASE("digest: several databases are what the peer says") {
    Data data;
    std::string pairs;
    for (int i = 0; i < 50; ++i) pairs += std::string{"\x00\xff", 2};
    data.set(0, "a", "1");
    data.set(0, "b", pairs);
    data.set(3, "a", "text");
    CHECK(data.digest() == "9a85fde62a8b78e619abb4fbd5ce384f051f9264");
}

TEST_CASE("digest: how a value is held and the order of writing do not matter, content and key do") {
    Data one;
    Data two;
    populate(one.keyspace.db(0), 500, "key", 0);
    for (int i = 499; i >= 0; --i) {
        const std::string key = "key:" + std::to_string(i);
        two.set(0, key, "12345");
        two.set(0, key, "value:" + std::to_string(i));
    }
    CHECK(one.digest() == two.digest());
    two.set(0, "key:7", "other");
    CHECK(one.digest() != two.digest());
    one.set(0, "key:7", "other");
    CHECK(one.digest() == two.digest());
    one.set(1, "key:7", "other");
    CHECK(one.digest() != two.digest());

    Digest as_integer;
    Digest as_text;
    type_ops(Type::string).digest(string::value_of(Bytes{"12345"}), as_integer);
    type_ops(Type::string).digest(string::edited("12345"), as_text);
    CHECK(as_integer.hex() == as_text.hex());
}

TEST_CASE("digest: ordered pieces have their places, unordered ones have not") {
    const auto ordered = [](Bytes a, Bytes b) {
        Digest digest;
        digest.ordered(a);
        digest.ordered(b);
        return digest.hex();
    };
    const auto unordered = [](Bytes a, Bytes b) {
        Digest digest;
        digest.unordered({a, "1"});
        digest.unordered({b, "2"});
        digest.unordered({"alone"});
        return digest.hex();
    };
    CHECK(ordered("x", "y") != ordered("y", "x"));
    Digest backwards;
    backwards.unordered({"alone"});
    backwards.unordered({"y", "2"});
    backwards.unordered({"x", "1"});
    CHECK(unordered("x", "y") == backwards.hex());
    CHECK(unordered("x", "y") != unordered("y", "x"));
}
